// SPDX-License-Identifier: Apache-2.0
/// Little plugins and hand-made plans for tests of the engine: sources that count, filters that drop, sinks that stall.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/plan/plan.hh"

namespace stook::test {

/// What a sink of a World has received, readable after the engine has finished.
struct Received {
  /// Row numbers in order of arrival, by source number.
  std::vector<std::vector<uint64_t>> rows;
};

/// Settings of one counting source: rows 1 to `count`, in bundles of random size.
struct CountConfig {
  bool is_broken = false;  // its start fails
  uint64_t number = 0;
  uint64_t count = 0;
  uint32_t seed = 1;
  std::vector<uint64_t>* acknowledged = nullptr;
};
struct ModuloConfig {
  uint64_t divisor = 3;  // rows that it divides are dropped; 0 drops nothing
  State state = State::None;
  bool has_fault = false;  // name them as failed rather than dropping them
  int64_t burn_ns = 0;
};
/// Settings of a filter that counts the rows it takes away, and appends a row with their number at each tick.
struct CountAwayConfig {
  int64_t period_ns = 1'000'000;
};
struct StallConfig {
  uint32_t seed = 1;
  int64_t most_ns = 0;        // a stall now and then, up to this long
  uint32_t again_every = 0;   // one delivery of so many answers Again
  uint32_t refuse_every = 0;  // one delivery of so many answers Refused
  bool is_broken = false;     // it cannot be opened
  bool is_blocked = false;    // it never takes anything
  Received* received = nullptr;
};

/// A plan in the making. Elements live as long as the world.
class World {
 public:
  explicit World(size_t threads, size_t keyspool = 8, size_t slots = 4);
  Instance* source(const CountConfig& config, size_t lanes = 1, bool has_own_front = false);
  Instance* filter(const ModuloConfig& config, OnError on_error = OnError::Drop);
  Instance* count_away(const CountAwayConfig& config);
  /// A filter that keeps each row until the next one comes.
  Instance* delay();
  Instance* sink(const StallConfig& config, Full full = Full::Wait);
  /// An instance of another world, unchanged in this one.
  Instance* share(const World& other, Instance* instance);
  /// A route: chains that start at the source; equal beginnings are shared. Pinned when any filter has a state.
  void route(Instance* source, const std::vector<std::vector<Instance*>>& chains);

  Plan plan;

 private:
  Instance* add(const Plugin& plugin, std::shared_ptr<void> config);
};

}  // namespace stook::test
