// SPDX-License-Identifier: Apache-2.0
#include "core/run/runner.hh"

#include <algorithm>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/run/runner_tell.hh"
#include "core/run/worker.hh"

namespace stook {

Runner::Runner(RouteRun& route_, Worker& worker)
    : route(route_), worker_(worker), keys_(route_.plan.schema, route_.plan.open_keys), columns_(route_.plan.capacity) {
  for (size_t i = 0; i < route.plan.nodes.size(); i++) {
    nodes_.push_back(std::make_unique<NodeRun>());
    nodes_[i]->filters.assign(route.lanes.size(), nullptr);
    const Wiring& wiring = route.plan.nodes[i].instance->wiring;
    int64_t first_tick = monotonic_ns() + wiring.tick;
    nodes_[i]->next_tick.assign(wiring.state == State::Lane ? route.lanes.size() : 1, first_tick);
  }
}

void Runner::make_replicas(const Lane& lane) {
  for (size_t i = 0; i < nodes_.size(); i++) {
    const Instance& instance = *route.plan.nodes[i].instance;
    if (instance.plugin->kind == Kind::Filter) {
      nodes_[i]->filters[lane.index] = worker_.replica(instance, lane);
    } else if (!nodes_[i]->codec) {
      nodes_[i]->codec = instance.codec->codec({instance.codec_config.get(), instance.id, {}});
      nodes_[i]->address = Pattern(instance.wiring.address, true);
    }
  }
}

void Runner::drop_replicas() {
  for (auto& node : nodes_) {
    node->codec.reset();
    std::fill(node->filters.begin(), node->filters.end(), nullptr);
  }
}

bool Runner::has(const Instance& instance) const {
  return std::any_of(route.plan.nodes.begin(), route.plan.nodes.end(),
                     [&](const Node& node) { return node.instance == &instance; });
}

void Runner::replace(const Filter& former, Filter& next) {
  for (auto& node : nodes_) {
    std::replace(node->filters.begin(), node->filters.end(), const_cast<Filter*>(&former), &next);
  }
  suspended_since.set(0);  // another filter that has given up does so again
  stands_still.set(0);
}

Selection& Runner::level_selection(size_t level) {
  while (levels_.size() <= level) {
    levels_.push_back(std::make_unique<Selection>());
  }
  return *levels_[level];
}

void Runner::run(Bundle& bundle, Payload** slots) {
  bundle_ = &bundle;
  bundle.lend(columns_);
  slots_ = slots;
  keys_.refresh();
  for (size_t i = 0; i < outboxes.size(); i++) {
    if (slots[i] != nullptr) {
      slots[i]->reset();
    }
  }
  if (is_ticking()) {
    now_ = monotonic_ns();
  }
  Selection& rows = level_selection(0);
  rows.select_all(bundle.rows());
  rows_taken.add(rows.size());
  if (!worker_.witnesses().empty()) {
    tell(Passing::source, rows, [](Witness& witness, const Passing& at) ROOM(worker) { witness.begins(at); });
  }
  walk(route.plan.roots, rows, 0);
  if (!worker_.witnesses().empty()) {
    tell(Passing::source, rows, [](Witness& witness, const Passing& at) ROOM(worker) { witness.ends(at.bundle); });
  }
  bundle.take_back();
}

void Runner::walk(const std::vector<size_t>& children, Selection& rows, size_t level) {
  for (size_t i = 0; i < children.size(); i++) {
    bool is_leaf = route.plan.nodes[children[i]].instance->plugin->kind == Kind::Sink;
    if (is_leaf || i + 1 == children.size()) {
      visit(children[i], rows, level);
      continue;
    }
    Selection& copy = level_selection(level + 1);
    copy = rows;
    bundle_->enter_branch();
    visit(children[i], copy, level + 1);
    bundle_->leave_branch();
  }
}

void Runner::visit(size_t node, Selection& rows, size_t level) {
  const Node& plan = route.plan.nodes[node];
  if (plan.instance->plugin->kind == Kind::Sink) {
    if (!rows.is_empty()) {
      encode(node, rows);
    }
    return;
  }
  if (plan.instance->wiring.overflows) {
    run_overflowing(node, rows, level);
    return;
  }
  run_filter(node, rows, level);
  go_on(node, rows, level);
}

void Runner::go_on(size_t node, Selection& rows, size_t level) {
  if (!rows.is_empty() || is_ticking()) {
    walk(route.plan.nodes[node].children, rows, level);
  }
}

// What a filter makes beyond the bundle's rows takes them again when they have gone on. Each time is a branch, so that
// nothing of it is left to those who run the bundle next.
void Runner::run_overflowing(size_t node, Selection& rows, size_t level) {
  bundle_->enter_branch();
  run_filter(node, rows, level);
  go_on(node, rows, level);
  bundle_->leave_branch();
  const Filter& filter = *nodes_[node]->filters[bundle_->lane->index];
  bool was_more = is_more_;
  while (size_t waiting = filter.waiting()) {
    bundle_->enter_branch();
    is_more_ = true;
    fill_more(node, waiting, level);
    is_more_ = was_more;
    bundle_->leave_branch();
  }
}

void Runner::fill_more(size_t node, size_t waiting, size_t level) {
  const Node& plan = route.plan.nodes[node];
  NodeRun& run = *nodes_[node];
  for (size_t i = 0; i < keys_.size(); i++) {
    bundle_->remove(static_cast<KeyId>(i));
  }
  Selection& rows = level_selection(level + 1);
  rows.select_all(std::min(waiting, bundle_->capacity()));
  while (bundle_->rows() < rows.size()) {
    (void)bundle_->append();
  }
  run.meter.appended.add(rows.size());
  Batch batch(*bundle_, rows, keys_, {plan.in, plan.out}, run.meter);
  run.filters[bundle_->lane->index]->more(batch);
  if (!worker_.witnesses().empty()) {
    tell_leaves(node, rows, batch.faulted());
  }
  if (!batch.faulted().is_empty()) {
    handle_faults(node, rows, batch.faulted(), level + 1);
  }
  run.meter.rows_out.add(rows.size());
  go_on(node, rows, level + 1);
}

void Runner::run_filter(size_t node, Selection& rows, size_t level) {
  const Node& plan = route.plan.nodes[node];
  NodeRun& run = *nodes_[node];
  Filter& filter = *run.filters[bundle_->lane->index];
  Batch batch(*bundle_, rows, keys_, {plan.in, plan.out}, run.meter);
  if (!worker_.witnesses().empty()) {
    tell(node, rows, [](Witness& witness, const Passing& at) ROOM(worker) { witness.enters(at); });
  }
  int64_t start = monotonic_ns();
  busy_node.set(static_cast<int64_t>(node));
  run.meter.rows_in.add(rows.size());
  if (!rows.is_empty()) {
    filter.run(batch);
  }
  int64_t period = plan.instance->wiring.tick;
  int64_t& next_tick = run.next_tick[run.next_tick.size() == 1 ? 0 : bundle_->lane->index];
  bool is_last = is_ticking() && (bundle_->kind == Bundle::Kind::LastTick || worker_.is_leaving(filter));
  // The route ticks as often as the element with the shortest period wants: of these ticks the nearest is the one.
  bool is_due = is_ticking() && now_ + route.tick_period / 2 >= next_tick;
  if (period > 0 && (is_due || is_last)) {
    next_tick = is_due && next_tick + period > now_ ? next_tick + period : now_ + period;
    filter.tick(batch, now_, is_last);
  }
  run.meter.ns.add(static_cast<uint64_t>(monotonic_ns() - start));
  if (!worker_.witnesses().empty()) {
    tell_leaves(node, rows, batch.faulted());
  }
  if (!batch.faulted().is_empty()) {
    std::string_view why = filter.gave_up();
    why.empty() ? void() : suspend(node, why);
    handle_faults(node, rows, batch.faulted(), level);
  }
  run.meter.rows_out.add(rows.size());
}

// COLD: a filter gave up. When all stacks of the route have it, no bundle is started any more.
void Runner::suspend(size_t node, std::string_view why) {
  if (suspended_since.read() != 0) {
    return;
  }
  suspended_why.write(why);
  suspended_node.set(static_cast<int64_t>(node));
  suspended_since.set(monotonic_ns());
  bool is_still = !gives_way_ && is_in_all_stacks(node);
  stands_still.set(is_still ? 1 : 0);
  log_event(Level::Error, "suspended",
            Fields()("instance", route.plan.nodes[node].instance->id)("source", route.plan.source->id)("reason", why)(
                "rows", is_still ? "wait for a reload" : "fail until a reload"));
  worker_.tell_main();
}

void Runner::stand_again() {
  gives_way_ = false;
  bool is_still = suspended_since.read() != 0 && is_in_all_stacks(static_cast<size_t>(suspended_node.read()));
  stands_still.set(is_still ? 1 : 0);
}

bool Runner::is_in_all_stacks(size_t node) const {
  return sinks_below({node}) == sinks_below(route.plan.roots);
}

size_t Runner::sinks_below(const std::vector<size_t>& nodes) const {
  size_t count = 0;
  for (size_t node : nodes) {
    const Node& plan = route.plan.nodes[node];
    count += plan.instance->plugin->kind == Kind::Sink ? 1 : 0;
    count += sinks_below(plan.children) + sinks_below(plan.error_children);
  }
  return count;
}

namespace {
// Both ascend.
void remove_rows(Selection& rows, const Selection& gone) {
  size_t next = 0;
  rows.keep_if([&](Row row) {
    while (next < gone.size() && gone[next] < row) {
      next++;
    }
    return next == gone.size() || gone[next] != row;
  });
}
}  // namespace

void Runner::handle_faults(size_t node, Selection& rows, const Selection& faulted, size_t level) {
  const Node& plan = route.plan.nodes[node];
  ElementMeter& meter = nodes_[node]->meter;
  meter.faults.add(faulted.size());
  switch (plan.instance->on_error) {
    case OnError::Pass:
      return;
    case OnError::Drop:
      meter.faults_dropped.add(faulted.size());
      note(node, faulted, "dropped", "it failed there");
      remove_rows(rows, faulted);
      return;
    case OnError::Stack:
      meter.faults_routed.add(faulted.size());
      note(node, faulted, "routed", "it failed there");
      remove_rows(rows, faulted);
      Selection& failed = level_selection(level + 1);
      failed = faulted;
      bundle_->enter_branch();
      walk(plan.error_children, failed, level + 1);
      bundle_->leave_branch();
      return;
  }
}

}  // namespace stook
