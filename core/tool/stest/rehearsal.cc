// SPDX-License-Identifier: Apache-2.0
#include "core/tool/stest/rehearsal.hh"

#include <algorithm>

#include "core/base/clock.hh"
#include "core/lua/library/kept_values.hh"
#include "core/lua/library/shared_values.hh"
#include "core/plan/trial.hh"
#include "core/run/runner.hh"
#include "core/tool/stest/rows.hh"

namespace stook {

namespace {
/// Gives nothing by itself: rows are put into its feed.
class FedSource final : public Source {
 public:
  explicit FedSource(const NoConfig&) {}
  void start(Feed&) override ROOM(front) {}
  void pause() override ROOM(front) {}
  void resume() override ROOM(front) {}
  void stop() override ROOM(front) {}
};

/// Keeps the rows that it gets, without the ends of their lines.
class CatchingSink final : public Sink {
 public:
  explicit CatchingSink(CaughtRows* const& rows) : rows_(*rows) {}
  void open() override ROOM(carrier) {}
  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    for (const Payload* payload : shipment) {
      size_t begin = 0;
      for (size_t end : payload->row_ends()) {
        keep(payload->bytes().substr(begin, end - begin));
        begin = end;
      }
    }
    return Outcome::Done;
  }

 private:
  void keep(std::string_view row) {
    if (!row.empty() && row.back() == '\n') {
      row.remove_suffix(1);
    }
    for (size_t end = 0; (end = row.find('\n')) != std::string_view::npos; row.remove_prefix(end + 1)) {
      rows_.emplace_back(row.substr(0, end));
    }
    rows_.emplace_back(row);
  }
  CaughtRows& rows_;
};

const Plugin fed_source = {.kind = Kind::Source, .name = "fed", .doc = "", .source = make_source<FedSource, NoConfig>};
const Plugin catching_sink = {
    .kind = Kind::Sink, .name = "caught", .doc = "", .sink = make_sink<CatchingSink, CaughtRows*>, .format = "json"};

std::unique_ptr<Plan> plan_trial(const TestFile& file) {
  Trial trial{file.head, file.elements(TestStep::Kind::Expect), &catching_sink};
  PlanRequest request;
  request.file = file.path;
  request.threads = 1;
  request.trial = &trial;
  return make_plan(request);
}
}  // namespace

Rehearsal::Rehearsal(const TestFile& file, int64_t begin) : now_(begin) {
  stopped_clock.store(now_, std::memory_order_relaxed);
  room::enter(room::front);
  SharedValues::forget_all();
  forget_kept_values();
  remember_meters();
  plan_ = plan_trial(file);
  add_log_ear(*this);
  try {
    dress();
    build();
  } catch (...) {
    remove_log_ear(*this);
    throw;
  }
}

Rehearsal::~Rehearsal() {
  remove_log_ear(*this);
}

void Rehearsal::hear(Level level, std::string_view event, std::string_view fields) {
  constexpr const char* levels[] = {"debug", "info", "notice", "warning", "error", "fatal"};
  log_.push_back(levels[static_cast<size_t>(level)] + (" " + std::string(event)) + std::string(fields));
}

// Nothing of the world is touched: each source and each sink has the part of one that lives in this file.
void Rehearsal::dress() {
  for (auto& instance : plan_->instances) {
    if (instance->plugin->kind == Kind::Source) {
      instance->plugin = &fed_source;
      instance->config = std::make_shared<NoConfig>();
    } else if (instance->plugin->kind == Kind::Sink) {
      instance->plugin = &catching_sink;
      instance->config = std::make_shared<CaughtRows*>(&caught_[instance->id]);
      instance->members.clear();
      instance->spool = {};
      instance->letters.clear();
      instance->hands_on_refused = false;
    }
  }
}

void Rehearsal::build() {
  room::enter(room::front);
  front_ = std::make_unique<Front>(0, loop_, notice_);
  notice_.watcher.on_wake<&Loop::stop>(loop_, &loop_);
  front_->launch();
  worker_ = std::make_unique<Worker>(0, notice_);
  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(std::move(worker_));
  uint32_t lane_number = 0;
  for (auto& route : plan_->routes) {
    std::vector<Carrier*> carriers;
    for (const Instance* sink : route->sinks) {
      auto known = std::find_if(carriers_.begin(), carriers_.end(), [&](auto& one) { return &one->instance == sink; });
      if (known == carriers_.end()) {
        carriers_.push_back(std::make_unique<Carrier>(plan_->share(*sink), notice_));
        known = carriers_.end() - 1;
      }
      carriers.push_back(known->get());
    }
    routes_.push_back(std::make_unique<RouteRun>(plan_, *route, *front_, std::move(carriers), workers, lane_number));
    routes_.back()->feed = std::make_unique<RouteFeed>(*front_, *routes_.back());
    next_tick_.push_back(now_ + routes_.back()->tick_period);
  }
  worker_ = std::move(workers.front());
  room::enter(room::carrier);
  for (auto& carrier : carriers_) {
    carrier->open();
    for (auto& route : routes_) {
      carrier->add_route(*route);
    }
  }
  room::enter(room::worker);
  for (auto& route : routes_) {
    worker_->make_replicas(*route);
    worker_->add_route(*route);
  }
  room::enter(room::front);
  for (auto& route : routes_) {
    front_->add_feed(*route->feed);
    route->feed->start();
  }
}

// Every room in turn, until nothing moves.
void Rehearsal::play() {
  for (bool has_moved = true; has_moved;) {
    room::enter(room::worker);
    has_moved = worker_->serve_once();
    room::enter(room::carrier);
    for (auto& carrier : carriers_) {
      while (carrier->serve_once()) {
        has_moved = true;
      }
    }
    room::enter(room::front);
    front_->on_wake();
  }
}

std::vector<size_t> Rehearsal::nodes_of(const Route& route, std::string_view id) const {
  std::vector<size_t> nodes;
  for (size_t i = 0; i < route.nodes.size(); i++) {
    if (route.nodes[i].instance->id == id) {
      nodes.push_back(i);
    }
  }
  return nodes;
}

bool Rehearsal::feed(const TestStep& step) {
  for (size_t i = 0; i < routes_.size(); i++) {
    // The worker walks the plan of its route, which is ours, from its roots.
    Route& plan = *plan_->routes[i];
    bool is_source = plan.source->id == step.element;
    std::vector<size_t> nodes = nodes_of(plan, step.element);
    if (!is_source && nodes.empty()) {
      continue;
    }
    std::vector<size_t> roots = plan.roots;
    plan.roots = is_source ? roots : nodes;
    bool is_fed = feed_route(*routes_[i], step.rows);
    plan.roots = std::move(roots);
    return is_fed;
  }
  return false;
}

bool Rehearsal::feed_route(RouteRun& route, const std::vector<TestRow>& rows) {
  for (const TestRow& row : rows) {
    Bundle* bundle = open_bundle(route);
    if (bundle == nullptr) {
      return false;
    }
    room::enter(room::worker);
    put_row(row, *bundle, route.runners.front()->keys());
  }
  room::enter(room::front);
  route.feed->seal();
  play();
  return true;
}

Bundle* Rehearsal::open_bundle(RouteRun& route) {
  room::enter(room::front);
  Bundle* bundle = route.feed->bundle();
  if (bundle == nullptr) {
    route.feed->seal();
    play();
    bundle = route.feed->bundle();
  }
  return bundle;
}

// The next moment at which something may be due: ticks are known, and what sinks collect is looked at often enough.
int64_t Rehearsal::step_after(int64_t target) const {
  int64_t next = target;
  for (size_t i = 0; i < routes_.size(); i++) {
    next = routes_[i]->tick_period > 0 ? std::min(next, next_tick_[i]) : next;
  }
  for (auto& carrier : carriers_) {
    int64_t time = carrier->instance.hold.time;
    next = time > 0 ? std::min(next, now_ + std::max<int64_t>(time / 16, 1'000'000)) : next;
  }
  return next;
}

void Rehearsal::advance(int64_t ns) {
  int64_t target = now_ + ns;
  while (now_ < target) {
    now_ = step_after(target);
    stopped_clock.store(now_, std::memory_order_relaxed);
    room::enter(room::front);
    for (size_t i = 0; i < routes_.size(); i++) {
      if (routes_[i]->tick_period > 0 && next_tick_[i] <= now_) {
        routes_[i]->feed->on_tick();
        next_tick_[i] += routes_[i]->tick_period;
      }
    }
    play();
  }
}

void Rehearsal::end() {
  for (auto& route : routes_) {
    room::enter(room::front);
    route->feed->send_last_ticks();
    play();
    route->feed->flush_sinks();
    play();
  }
}

CaughtRows Rehearsal::take(const std::string& element) {
  if (element == log_element) {
    CaughtRows rows(log_.begin() + static_cast<ptrdiff_t>(log_taken_), log_.end());
    log_taken_ = log_.size();
    return rows;
  }
  auto tapped = caught_.find(tap_id(element));
  auto found = tapped == caught_.end() ? caught_.find(element) : tapped;
  return found == caught_.end() ? CaughtRows() : std::exchange(found->second, {});
}

}  // namespace stook
