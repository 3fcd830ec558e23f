// SPDX-License-Identifier: Apache-2.0
/// Floor 4. One route while it runs: its plan, lanes, feed, and where its payloads go.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/plan/plan.hh"
#include "core/run/feed.hh"
#include "core/run/lane.hh"
#include "core/run/outbox.hh"

namespace stook {

class Carrier;
class Front;
class Runner;
class Worker;

/// Built by main; but for `feed` it is constant afterwards. When a route changes, another one is built beside it, and the
/// feed, with the source, moves over once this one is at rest.
class RouteRun {
 public:
  /// Lanes, runners and outboxes. `carriers_`: by position in plan.sinks. `lane_number`: the number of the next lane.
  RouteRun(std::shared_ptr<const Plan> of_, const Route& plan_, Front& front_, std::vector<Carrier*> carriers_,
           std::span<const std::unique_ptr<Worker>> workers, uint32_t& lane_number);
  ~RouteRun();
  RouteRun(const RouteRun&) = delete;
  RouteRun& operator=(const RouteRun&) = delete;

  /// All payloads that may be on their way at once.
  size_t slots() const;

  /// Shared: a plan lives as long as any of its routes runs.
  const std::shared_ptr<const Plan> of;
  const Route& plan;
  Front& front;
  std::vector<std::unique_ptr<Lane>> lanes;
  std::unique_ptr<RouteFeed> feed;
  /// By position in plan.sinks.
  const std::vector<Carrier*> carriers;
  /// One for each worker that may run a bundle of this route, null for the others.
  std::vector<std::unique_ptr<Runner>> runners;
  std::vector<std::unique_ptr<Outbox>> outboxes;
  /// The shortest period of any element's tick in ns, 0 for none.
  int64_t tick_period = 0;

 private:
  void connect(Lane& lane, Worker& worker, const std::vector<Order*>& orders);

  std::vector<std::unique_ptr<Order>> orders_;
};

}  // namespace stook
