// SPDX-License-Identifier: Apache-2.0
#include "core/run/route_run.hh"

#include <utility>

#include "core/run/runner.hh"
#include "core/run/worker.hh"

namespace stook {

RouteRun::RouteRun(std::shared_ptr<const Plan> of_, const Route& plan_, Front& front_, std::vector<Carrier*> carriers_,
                   std::span<const std::unique_ptr<Worker>> workers, uint32_t& lane_number)
    : of(std::move(of_)), plan(plan_), front(front_), carriers(std::move(carriers_)) {
  for (const Node& node : plan.nodes) {
    int64_t tick = node.instance->wiring.tick;
    if (tick > 0 && (tick_period == 0 || tick < tick_period)) {
      tick_period = tick;
    }
  }
  for (size_t i = 0; i < plan.source->lanes; i++) {
    lanes.push_back(std::make_unique<Lane>(*this, i, lane_number++));
  }
  runners.resize(workers.size());
  size_t in_flight = plan.bundles + 1 + workers.size() * of->settings.slots;
  for (auto& lane : lanes) {
    std::vector<Order*> orders(carriers.size(), nullptr);
    for (Order*& order : orders) {
      if (plan.is_dealt) {
        orders_.push_back(std::make_unique<Order>(in_flight));
        order = orders_.back().get();
      }
    }
    for (auto& worker : workers) {
      if (plan.is_dealt || plan.lane_worker[lane->index] == worker->number) {
        connect(*lane, *worker, orders);
      }
    }
  }
}

RouteRun::~RouteRun() = default;

// A dealt lane has a way to every worker, a pinned one to its own.
void RouteRun::connect(Lane& lane, Worker& worker, const std::vector<Order*>& orders) {
  auto& runner = runners[worker.number];
  if (!runner) {
    runner = std::make_unique<Runner>(*this, worker);
    for (Carrier* carrier : carriers) {
      outboxes.push_back(std::make_unique<Outbox>(worker, *carrier, lanes.size(), of->settings.slots));
      runner->outboxes.push_back(outboxes.back().get());
    }
  }
  for (size_t i = 0; i < orders.size(); i++) {
    runner->outboxes[i]->open_lane(lane.index, orders[i]);
  }
  lane.connect(worker, plan.bundles + 1);
}

size_t RouteRun::slots() const {
  size_t all = 0;
  for (auto& outbox : outboxes) {
    all += outbox->slots();
  }
  return all;
}

}  // namespace stook
