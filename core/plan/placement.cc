// SPDX-License-Identifier: Apache-2.0
#include "core/plan/placement.hh"

#include <sched.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "core/base/arena.hh"
#include "core/data/column.hh"

namespace stook {

namespace {
constexpr uint64_t payload_size = 1 << 20;  // what a payload keeps, see Payload::reset

State state_of(const Node& node) {
  const Instance& instance = *node.instance;
  return instance.plugin->kind == Kind::Filter ? instance.wiring.state : instance.codec_wiring.state;
}

// Lanes of all routes in one row, and which of them belong together.
class Groups {
 public:
  explicit Groups(size_t lanes) : parent_(lanes) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t find(size_t lane) const {
    while (parent_[lane] != lane) {
      lane = parent_[lane];
    }
    return lane;
  }
  void join(size_t a, size_t b) { parent_[std::max(find(a), find(b))] = std::min(find(a), find(b)); }

 private:
  std::vector<size_t> parent_;
};

// Says why the route is pinned, and joins its lanes with all others that reach the same shared instance.
void pin(Route& route, size_t first_lane, Groups& groups, std::map<const Instance*, size_t>& shared) {
  for (const Node& node : route.nodes) {
    State state = state_of(node);
    if (node.instance->full == Full::Drop) {
      // A carrier puts a dealt lane back in order by counting its payloads, and a sink that drops has gaps.
      route.is_dealt = false;
      route.pinned_by = "sink '" + node.instance->id + "' may drop rows (full = drop)";
    }
    if (state == State::None) {
      continue;
    }
    bool is_shared = state == State::Shared;
    if (route.is_dealt || is_shared) {
      route.pinned_by = std::string(kind_name(node.instance->plugin->kind)) + " '" + node.instance->id +
                        (is_shared ? "' remembers rows of all lanes" : "' remembers rows of a lane");
    }
    route.is_dealt = false;
    if (is_shared) {
      size_t meeting = shared.emplace(node.instance, first_lane).first->second;
      for (size_t lane = 0; lane < route.source->lanes; lane++) {
        groups.join(meeting, first_lane + lane);
      }
    }
  }
}
}  // namespace

size_t processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) {
    return 1;
  }
  return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
}

void size_route(const Settings& settings, Route& route) {
  bool appends = false;
  bool is_open = route.source->wiring.opens;
  for (const Node& node : route.nodes) {
    appends = appends || node.instance->wiring.appends;
    is_open = is_open || node.instance->wiring.opens;
    const Instance& instance = *node.instance;
    bool keeps = instance.wiring.holds || instance.hold.is_on() || !instance.spool.folder.empty();
    route.held = keeps ? Route::held_most : route.held;
  }
  route.source_rows = settings.rows;
  route.capacity = std::min(appends ? 2 * settings.rows : settings.rows, Column::max_rows);
  route.bundles = std::max(settings.keyspool, 2 * route.source->lanes);
  route.open_keys = is_open ? settings.open_keys : 0;
}

void place_lanes(Plan& plan) {
  size_t lanes = 0;
  for (const auto& route : plan.routes) {
    lanes += route->source->lanes;
  }
  Groups groups(lanes);
  std::map<const Instance*, size_t> shared;
  size_t lane = 0;
  for (const auto& route : plan.routes) {
    pin(*route, lane, groups, shared);
    lane += route->source->lanes;
  }
  // The lanes of pinned routes by their group.
  std::map<size_t, size_t> sizes;
  lane = 0;
  for (const auto& route : plan.routes) {
    for (size_t i = 0; i < route->source->lanes; i++, lane++) {
      if (!route->is_dealt) {
        sizes[groups.find(lane)]++;
      }
    }
  }
  std::vector<std::pair<size_t, size_t>> order(sizes.begin(), sizes.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<size_t> load(std::max<size_t>(plan.settings.threads, 1), 0);
  std::map<size_t, size_t> worker;
  for (const auto& [group, size] : order) {
    size_t least = static_cast<size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    worker[group] = least;
    load[least] += size;
  }
  lane = 0;
  for (const auto& route : plan.routes) {
    for (size_t i = 0; i < route->source->lanes; i++, lane++) {
      if (!route->is_dealt) {
        route->lane_worker.push_back(worker[groups.find(lane)]);
      }
    }
  }
}

uint64_t bundle_bound(const Route& route) {
  uint64_t keys = route.schema.size() + route.open_keys;
  uint64_t column = sizeof(Column) + route.capacity * sizeof(Cell);
  return route.bundles * (4 * Arena::chunk_size + keys * (column + sizeof(Column*)));
}

uint64_t payload_bound(const Settings& settings, const Route& route) {
  return route.sinks.size() * settings.threads * settings.slots * payload_size;
}

}  // namespace stook
