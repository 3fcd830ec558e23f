// SPDX-License-Identifier: Apache-2.0
#include "core/plan/compare.hh"

#include <algorithm>
#include <map>

namespace stook {

namespace {
using Twins = std::map<const Instance*, const Instance*>;

const Instance* twin_of(const Twins& twins, const Instance* instance) {
  auto found = twins.find(instance);
  return found == twins.end() ? instance : found->second;
}

bool is_same_node(const Node& a, const Node& b) {
  return a.instance == b.instance && a.in == b.in && a.out == b.out && a.address == b.address &&
         a.children == b.children && a.error_children == b.error_children && a.sink == b.sink;
}

bool has_shared(const Route& route) {
  return std::any_of(route.nodes.begin(), route.nodes.end(),
                     [](const Node& node) { return node.instance->wiring.state == State::Shared; });
}

// Whether every place of the element in these routes is one that ticks reach: they go down the stacks, and not to
// elements for failed rows.
bool has_ticks(const Plan& plan, const Instance& instance) {
  for (const auto& route : plan.routes) {
    std::vector<size_t> reached = route->roots;
    for (size_t i = 0; i < reached.size(); i++) {
      const std::vector<size_t>& below = route->nodes[reached[i]].children;
      reached.insert(reached.end(), below.begin(), below.end());
    }
    for (size_t i = 0; i < route->nodes.size(); i++) {
      if (route->nodes[i].instance == &instance && std::find(reached.begin(), reached.end(), i) == reached.end()) {
        return false;
      }
    }
  }
  return true;
}

// A filter that makes rows by time or keeps rows back lets go of them in its last tick. Where it gets none for sure, as
// those do of which each worker has one, its route has to be drained.
bool can_rework(const Plan& plan, const Instance& running, const Instance& fresh) {
  Wiring wiring = fresh.wiring;
  wiring.content = running.wiring.content;
  return running.plugin->kind == Kind::Filter && running.wiring == wiring &&
         (wiring.tick > 0 ? wiring.state != State::None && has_ticks(plan, running) : !wiring.holds);
}
}  // namespace

Comparison adopt(Plan& next, const Plan& running, const std::vector<std::string>& tired) {
  Comparison result;
  Twins twins;
  for (auto& instance : next.instances) {
    auto former = std::find_if(running.instances.begin(), running.instances.end(),
                               [&](const auto& one) { return one->id == instance->id; });
    if (former == running.instances.end()) {
      result.added.push_back(instance->id);
      continue;
    }
    bool is_same = (*former)->plugin == instance->plugin && (*former)->text == instance->text;
    bool is_tired = std::find(tired.begin(), tired.end(), instance->id) != tired.end();
    bool is_reworked = is_same && (is_tired || (*former)->wiring.content != instance->wiring.content);
    bool needs_drain = is_tired && instance->wiring.tick > 0;  // its last tick lets go of what it has
    if (!is_same || (is_reworked && (needs_drain || !can_rework(running, **former, *instance)))) {
      result.changed.push_back(instance->id);
    } else {
      if (is_reworked) {
        result.reworked.push_back({*former, instance});
      } else {
        result.kept.push_back(instance->id);
      }
      twins.emplace(instance.get(), former->get());
      instance = *former;
    }
  }
  for (auto& instance : running.instances) {
    if (next.find(instance->id) == nullptr) {
      result.removed.push_back(instance->id);
    }
  }
  for (auto& route : next.routes) {
    route->source = twin_of(twins, route->source);
    for (Node& node : route->nodes) {
      node.instance = twin_of(twins, node.instance);
    }
    for (const Instance*& sink : route->sinks) {
      sink = twin_of(twins, sink);
    }
  }
  return result;
}

bool is_same(const Route& a, const Route& b) {
  return a.source == b.source && a.source_out == b.source_out && a.roots == b.roots && a.sinks == b.sinks &&
         a.is_dealt == b.is_dealt && a.source_rows == b.source_rows && a.capacity == b.capacity &&
         a.bundles == b.bundles && a.open_keys == b.open_keys &&
         std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(), is_same_node) &&
         (!has_shared(a) || a.lane_worker == b.lane_worker);
}

}  // namespace stook
