// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Who has the oldest row of each source: read from meters, so that nobody is asked or held up.
#include <algorithm>

#include "core/base/clock.hh"
#include "core/run/engine.hh"
#include "core/run/runner.hh"

namespace stook {

namespace {
/// What has gone on for less is the ordinary course of things.
constexpr int64_t moment = 1'000'000'000;

Holder sink_holder(const Carrier& carrier, int64_t now) {
  const Pulse& pulse = carrier.meter.pulse;
  Holder holder{Holder::Kind::Busy, carrier.instance.id, pulse.oldest_at.read(), {}};
  int64_t failing = pulse.failing_since.read();
  int64_t asked = pulse.asked_at.read();
  if (failing != 0) {
    holder.kind = Holder::Kind::Failing;
    holder.since = failing;
    holder.reason = pulse.reason.read();
  } else if (asked != 0 && now - asked >= moment) {
    holder.kind = Holder::Kind::Silent;
    holder.since = asked;
  }
  return holder;
}

// The sink that has had rows for longest, if those are as old as the oldest of the source. Payloads may carry rows that a
// filter has held from older bundles; then a sink that takes nothing is the holder whatever the age.
Holder holding_sink(const RouteRun& route, int64_t oldest_at, int64_t now) {
  const Carrier* holder = nullptr;
  int64_t oldest = oldest_at + moment;  // a payload is stamped a little later than the ledger's entry
  for (const Carrier* carrier : route.carriers) {
    int64_t at = carrier->meter.pulse.oldest_at.read();
    bool is_stuck = carrier->meter.pulse.failing_since.read() != 0 && route.plan.held > 0;
    if (at != 0 && (at <= oldest || is_stuck)) {
      oldest = at;
      holder = carrier;
    }
  }
  return holder == nullptr ? Holder{} : sink_holder(*holder, now);
}

// The stack from the source to that instance, as in the configuration; empty when it is not below these nodes.
std::string way_to(const Route& route, const std::vector<size_t>& nodes, const std::string& id) {
  for (size_t node : nodes) {
    const Node& plan = route.nodes[node];
    std::string way = plan.instance->id == id ? id : way_to(route, plan.children, id);
    way = way.empty() ? way_to(route, plan.error_children, id) : way;
    if (!way.empty()) {
      return plan.instance->id == id ? way : plan.instance->id + "," + way;
    }
  }
  return {};
}
}  // namespace

// What a worker is at, if it has been at it for longer than a moment.
Holder Engine::running_element(size_t worker, int64_t now) const {
  for (auto& route : routes_) {
    const Runner* runner = worker < route->runners.size() ? route->runners[worker].get() : nullptr;
    int64_t since = runner == nullptr ? 0 : runner->busy_since.read();
    if (since != 0 && now - since >= moment) {
      auto node = static_cast<size_t>(runner->busy_node.read());
      return {Holder::Kind::Running, route->plan.nodes[node].instance->id, since, {}};
    }
  }
  return {};
}

Holder Engine::slowest_element(int64_t now) const {
  Holder slowest;
  for (size_t i = 0; i < workers_.size(); i++) {
    Holder one = running_element(i, now);
    if (one.kind != Holder::Kind::Nobody && (slowest.kind == Holder::Kind::Nobody || one.since < slowest.since)) {
      slowest = one;
    }
  }
  return slowest;
}

// What neither a sink nor an element at work has, the filter has that keeps rows for later.
Holder Engine::holding_filter(const RouteRun& route, int64_t oldest_at, int64_t now) const {
  for (size_t i = 0; i < route.plan.nodes.size() && now - oldest_at >= moment; i++) {
    const Instance& instance = *route.plan.nodes[i].instance;
    bool has_held = std::any_of(route.runners.begin(), route.runners.end(),
                                [i](auto& runner) { return runner && runner->meter(i).held.read() > 0; });
    if (instance.wiring.holds && has_held) {
      return {Holder::Kind::Holding, instance.id, oldest_at, {}};
    }
  }
  return {};
}

Holder Engine::suspended_filter(const RouteRun& route) {
  for (auto& runner : route.runners) {
    if (int64_t since = runner ? runner->suspended_since.read() : 0; since != 0) {
      const Node& node = route.plan.nodes[static_cast<size_t>(runner->suspended_node.read())];
      return {Holder::Kind::Suspended, node.instance->id, since, runner->suspended_why.read()};
    }
  }
  return {};
}

std::vector<std::string> Engine::suspended_filters() const {
  std::vector<std::string> ids;
  for (auto& route : routes_) {
    if (Holder holder = suspended_filter(*route); holder.kind != Holder::Kind::Nobody) {
      ids.push_back(holder.id);
    }
  }
  return ids;
}

bool Engine::stands_still(const RouteRun& route) {
  return std::any_of(route.runners.begin(), route.runners.end(),
                     [](auto& runner) { return runner && runner->stands_still.read() != 0; });
}

bool Engine::stands_still() const {
  return std::any_of(routes_.begin(), routes_.end(), [](auto& route) { return stands_still(*route); });
}

Holder Engine::holder_of(const RouteRun& route, int64_t oldest_at, int64_t now) const {
  if (stands_still(route)) {
    return suspended_filter(route);
  }
  Holder holder = holding_sink(route, oldest_at, now);
  for (size_t i = 0; holder.kind == Holder::Kind::Nobody && i < route.runners.size(); i++) {
    holder = route.runners[i] ? running_element(i, now) : holder;
  }
  return holder.kind == Holder::Kind::Nobody ? holding_filter(route, oldest_at, now) : holder;
}

Standings Engine::standings() const {
  return standings(monotonic_ns());
}

Standings Engine::standings(int64_t now) const {
  Standings standings{now, plan_->settings.stall_after.ns, {}};
  for (auto& route : routes_) {
    const LedgerMeter& meter = route->feed->ledger_meter();
    Standing one;
    one.source = route->plan.source->id;
    one.stack = one.source;
    one.oldest_at = meter.oldest_at.read();
    one.moved_at = meter.moved_at.read();
    one.rows = static_cast<uint64_t>(meter.rows_out.read());
    if (one.is_out()) {
      one.holder = holder_of(*route, one.oldest_at, standings.now);
      std::string way = way_to(route->plan, route->plan.roots, one.holder.id);
      one.stack += way.empty() ? "" : "," + way;
    }
    standings.all.push_back(std::move(one));
  }
  add_spooling_sinks(standings);
  return standings;
}

// A sink whose rows no source waits for any more, as behind a spool, stands for itself.
void Engine::add_spooling_sinks(Standings& standings) const {
  for (auto& carrier : carriers_) {
    const std::string& id = carrier->instance.id;
    Standing one;
    one.source = id;
    one.stack = id;
    one.oldest_at = carrier->meter.pulse.oldest_at.read();
    one.moved_at = carrier->meter.pulse.moved_at.read();
    bool is_seen = std::any_of(standings.all.begin(), standings.all.end(),
                               [&](const Standing& seen) { return seen.is_out() && seen.holder.id == id; });
    bool is_own = carrier->spooled() != nullptr ? one.is_out() : standings.is_stalled(one);
    if (!is_seen && is_own) {
      one.holder = sink_holder(*carrier, standings.now);
      standings.all.push_back(std::move(one));
    }
  }
}

}  // namespace stook
