// SPDX-License-Identifier: Apache-2.0
#include "core/run/taps.hh"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/run/engine.hh"
#include "core/run/tap.hh"
#include "core/run/trace.hh"

namespace stook {

namespace {
/// A worker that is in a bundle has not run the last call yet: it is asked again.
constexpr int64_t retry_after = 10'000'000;
constexpr int64_t counts_each = 250'000'000;
constexpr const char* tap_usage = "it is asked as `tap ELEMENT [json] [rows N] [where EXPRESSION]`";
constexpr const char* trace_usage = "it is asked as `trace N [SOURCE] [json]`";

using Words = std::vector<std::string_view>;

// The text from one word on, as it was written.
std::string_view rest_from(const Words& words, size_t at) {
  const char* begin = words[at].data();
  return {begin, static_cast<size_t>(words.back().data() + words.back().size() - begin)};
}

size_t count_sinks(const Route& route) {
  return static_cast<size_t>(std::count_if(route.nodes.begin(), route.nodes.end(),
                                           [](const Node& node) { return node.instance->plugin->kind == Kind::Sink; }));
}
}  // namespace

/// One tap while its caller stays. *Rooms:* main.
class Taps::Stream final : public Control::Stream {
 public:
  Stream(Taps& taps, std::string element, size_t rows, MakePost make)
      : taps_(taps), element_(std::move(element)), left_(rows), make_(std::move(make)) {
    taps_.open_.push_back(this);
  }
  ~Stream() override {
    room::enter(room::front);
    std::erase(taps_.open_, this);
    for (auto& [worker, post] : posts_) {
      taps_.detach(*worker, post);
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool read(std::string& to) override ROOM(front) {
    to += std::exchange(notes_, {});
    for (auto& one : posts_) {
      left_ -= one.second->read(to, left_);
    }
    for (auto& one : former_) {
      left_ -= one->read(to, left_);
    }
    bool is_over = left_ == 0 || is_ended_;
    int64_t now = monotonic_ns();
    if (is_over || now - counted_at_ >= counts_each) {
      counted_at_ = now;
      add_counts(to);
    }
    if (is_ended_) {
      to += "! there is no element '" + printable(element_) + "' in the configuration any more\n";
    }
    return !is_over;
  }

  /// Goes on at these workers, of which it may have some.
  void follow(const std::vector<std::unique_ptr<Worker>>& workers, bool is_reload) ROOM(front) {
    if (is_reload) {
      notes_ += "# the configuration was reloaded\n";
      is_ended_ = !taps_.has(element_);
    }
    auto is_there = [&](Worker* worker) {
      return std::any_of(workers.begin(), workers.end(), [&](auto& one) { return one.get() == worker; });
    };
    auto gone = std::stable_partition(posts_.begin(), posts_.end(), [&](auto& one) { return is_there(one.first); });
    for (auto one = gone; one != posts_.end(); ++one) {
      former_.push_back(one->second);  // what it has seen still counts
      left_ -= one->second->read(notes_, left_);
    }
    posts_.erase(gone, posts_.end());
    for (auto& worker : workers) {
      if (std::none_of(posts_.begin(), posts_.end(), [&](auto& one) { return one.first == worker.get(); })) {
        posts_.emplace_back(worker.get(), make_());
        taps_.attach(*worker, posts_.back().second);
      }
    }
  }

 private:
  void add_counts(std::string& to) ROOM(front) {
    uint64_t sums[4] = {};
    auto add = [&](const TapMeter& meter) {
      sums[0] += meter.passed.read();
      sums[1] += meter.looked.read();
      sums[2] += meter.matched.read();
      sums[3] += meter.shown.read();
    };
    for (auto& one : posts_) {
      add(one.second->meter);
    }
    for (auto& post : former_) {
      add(post->meter);
    }
    std::string line = "=";
    for (uint64_t sum : sums) {
      line += " " + std::to_string(sum);
    }
    if (line != counts_) {
      counts_ = line;
      to += line + "\n";
    }
  }

  Taps& taps_;
  const std::string element_;
  size_t left_;
  MakePost make_;
  // Shared with the worker, which may have it in its list for a moment longer.
  std::vector<std::pair<Worker*, std::shared_ptr<Post>>> posts_;
  std::vector<std::shared_ptr<Post>> former_;  // of workers that have ended
  std::string notes_;
  std::string counts_;
  int64_t counted_at_ = 0;
  bool is_ended_ = false;
};

void Taps::add_verbs(Control& control) {
  control.add("tap ELEMENT [json] [rows N] [where EXPRESSION]",
              [this](const Words& words) ROOM(front) { return tap(words); });
  control.add("why [json] [ID]", [this](const Words& words) ROOM(front) { return why(words); });
  control.add("trace N [SOURCE] [json]", [this](const Words& words) ROOM(front) { return trace(words); });
}

void Taps::follow() {
  for (Stream* one : open_) {
    one->follow(engine_.workers_, true);
  }
  flush();
}

bool Taps::has(std::string_view element) const {
  for (auto& route : engine_.plan_->routes) {
    bool is_in = std::any_of(route->nodes.begin(), route->nodes.end(),
                             [&](const Node& node) { return node.instance->id == element; });
    if (is_in || route->source->id == element) {
      return true;
    }
  }
  return false;
}

std::string Taps::unknown(std::string_view element, bool must_be_source) const {
  std::set<std::string> ids;
  for (auto& route : engine_.plan_->routes) {
    ids.insert(route->source->id);
    for (size_t i = 0; !must_be_source && i < route->nodes.size(); i++) {
      ids.insert(route->nodes[i].instance->id);
    }
  }
  std::string all;
  for (const std::string& id : ids) {
    all += (all.empty() ? "" : ", ") + id;
  }
  std::vector<std::string> known(ids.begin(), ids.end());
  std::string_view near = nearest_name(element, known);
  return std::string("no ") + (must_be_source ? "source" : "element") + " '" + printable(element, 64) + "'; " +
         (near.empty() ? "there are " + all : "did you mean '" + std::string(near) + "'?");
}

Control::Answer Taps::begin(const std::string& element, size_t rows, MakePost make) {
  if (open_.size() >= most) {
    return {false, "there are " + std::to_string(most) + " taps and traces; end one of them first"};
  }
  auto stream = std::make_unique<Stream>(*this, element, rows, std::move(make));
  stream->follow(engine_.workers_, false);
  return {true, "", std::move(stream)};
}

Control::Answer Taps::tap(const Words& words) {
  if (words.empty()) {
    return {false, tap_usage};
  }
  TapWish wish;
  wish.element = words[0];
  size_t at = 1;
  if (at < words.size() && words[at] == "json") {
    wish.form = RowForm::Json;
    at++;
  }
  uint64_t rows = UINT64_MAX;
  std::string why;
  if (at + 1 < words.size() && words[at] == "rows") {
    if (!read_value(words[at + 1], rows, why) || rows == 0) {
      return {false, tap_usage};
    }
    at += 2;
  }
  if (at < words.size() && (words[at] != "where" || at + 1 == words.size())) {
    return {false, tap_usage};
  }
  if (!has(wish.element)) {
    return {false, unknown(wish.element, false)};
  }
  if (at < words.size()) {
    try {
      wish.where = std::make_shared<Expression>(rest_from(words, at + 1));
    } catch (const std::invalid_argument& error) {
      return {false, std::string("the expression: ") + error.what()};
    }
  }
  return begin(wish.element, rows, [wish] { return std::make_shared<Tap>(wish, monotonic_ns); });
}

Control::Answer Taps::trace(const Words& words) {
  uint64_t rows = 0;
  std::string why;
  if (words.empty() || !read_value(words[0], rows, why) || rows == 0 || rows > Trace::most_rows) {
    return {false, std::string(trace_usage) + "; N is at most " + std::to_string(Trace::most_rows)};
  }
  bool is_json = words.size() > 1 && words.back() == "json";
  size_t size = words.size() - (is_json ? 1 : 0);
  if (size > 2) {
    return {false, trace_usage};
  }
  const auto& routes = engine_.plan_->routes;
  std::string source(size == 2 ? words[1] : std::string_view());
  if (size < 2 && routes.size() == 1) {
    source = routes[0]->source->id;
  }
  if (std::none_of(routes.begin(), routes.end(), [&](auto& route) { return route->source->id == source; })) {
    return {false, size < 2 ? "there are several sources; say which: " + unknown("", true) : unknown(source, true)};
  }
  RowForm form = is_json ? RowForm::Json : RowForm::Line;
  size_t sinks = 0;
  for (auto& route : routes) {
    sinks = std::max(sinks, route->source->id == source ? count_sinks(*route) : 0);
  }
  return begin(source, rows, [=] { return std::make_shared<Trace>(source, rows, form, sinks, monotonic_ns); });
}

void Taps::attach(Worker& worker, std::shared_ptr<Post> witness) {
  post(worker, [&worker, witness]() ROOM(worker) { worker.add_witness(witness); });
}

void Taps::detach(Worker& worker, std::shared_ptr<Post> witness) {
  post(worker, [&worker, witness]() ROOM(worker) { worker.remove_witness(*witness); });
}

void Taps::post(Worker& worker, std::function<void()> work) {
  pending_[&worker].push_back(std::move(work));
  flush();
}

void Taps::flush() {
  auto is_there = [&](Worker* worker) {
    return std::any_of(engine_.workers_.begin(), engine_.workers_.end(),
                       [&](auto& one) { return one.get() == worker; });
  };
  std::erase_if(pending_, [&](auto& one) { return !is_there(one.first); });
  std::erase_if(pending_, [&](auto& one) ROOM(front) {
    bool is_free = one.first->calls().is_home();
    if (is_free) {
      one.first->call(std::move(one.second));
    }
    return is_free;
  });
  if (pending_.empty()) {
    retry_.stop();
  } else if (!retry_.is_active()) {
    retry_.on_time<&Taps::flush>(loop_, this, retry_after, retry_after);
  }
}

}  // namespace stook
