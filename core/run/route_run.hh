// SPDX-License-Identifier: Apache-2.0
/// Floor 4. One route while it runs: its plan, lanes, feed, and where its payloads go.
#pragma once

#include <memory>
#include <vector>

#include "core/plan/plan.hh"
#include "core/run/feed.hh"
#include "core/run/lane.hh"

namespace stook {

class Carrier;
class Front;
class Runner;

/// Built by the engine before start; the vectors are constant afterwards.
class RouteRun {
 public:
  RouteRun(const Route& plan_, Front& front_);
  ~RouteRun();

  const Route& plan;
  Front& front;
  std::vector<std::unique_ptr<Lane>> lanes;
  std::unique_ptr<RouteFeed> feed;
  /// By position in plan.sinks.
  std::vector<Carrier*> carriers;
  /// One for each worker that may run a bundle of this route, null for the others.
  std::vector<std::unique_ptr<Runner>> runners;
  /// The shortest period of any element's tick in ns, 0 for none.
  int64_t tick_period = 0;
};

}  // namespace stook
