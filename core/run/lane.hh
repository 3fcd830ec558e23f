// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A lane: the unit of order. Bundles of one lane leave its front in sequence and reach every sink in sequence.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/link.hh"
#include "core/base/room.hh"
#include "core/data/bundle.hh"

namespace stook {

class RouteRun;
class Worker;

/// One partition of one source. Pinned: one worker runs all of its bundles. Dealt: bundle after bundle goes to the
/// worker that has least to do, and carriers put the payloads back in order.
/// *Rooms:* the front sends and takes back; each worker receives from its own link.
class Lane {
 public:
  Lane(RouteRun& route_, size_t index_, uint32_t number_) : route(route_), index(index_), number(number_) {}

  /// Opens a link to a worker. REQUIRES: before start.
  void connect(Worker& worker, size_t bundles) {
    ways_.push_back({&worker, std::make_unique<Link<Bundle>>(bundles), 0});
  }
  size_t ways() const { return ways_.size(); }
  Worker& worker(size_t way) { return *ways_[way].worker; }
  Link<Bundle>& link(size_t way) { return *ways_[way].link; }

  /// Gives the bundle its sequence and sends it to the idlest worker, which sees it when it looks by itself or when
  /// `announce` rings its bell.
  void send(Bundle* bundle) ROOM(front);
  /// Rings the bells of the workers to which anything was sent since the last time.
  void announce() ROOM(front);
  /// The next bundle that has come home, or null.
  Bundle* come_home() ROOM(front);
  /// Bundles sent and not yet home.
  size_t out() const ROOM(front) { return out_; }

  RouteRun& route;
  /// Position among the lanes of its source, and among all lanes of the engine.
  const size_t index;
  const uint32_t number;

 private:
  /// A worker with fewer than this many bundles counts as idle, so that a light load stays on one warm worker.
  static constexpr size_t idle_below = 2;
  struct Way {
    Worker* worker;
    std::unique_ptr<Link<Bundle>> link;
    size_t out;
    bool is_announced = true;
  };
  std::vector<Way> ways_;
  size_t out_ OWNED(front) = 0;
  uint64_t sequence_ OWNED(front) = 0;
};

}  // namespace stook
