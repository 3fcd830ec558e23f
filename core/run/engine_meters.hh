// SPDX-License-Identifier: Apache-2.0
/// Floor 4. What the engine counts beside the rows of its ledger: pools, pauses, slots, threads, how sinks stand. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/meter.hh"

namespace stook {

/// One source.
struct SourceState {
  std::string id;
  uint64_t bundles = 0;
  uint64_t pauses = 0;
  uint64_t pool = 0;  // bundles that it has,
  uint64_t pool_out = 0;
  int64_t paused_for = 0;  // ns; 0: it is not paused
};

/// The payload slots of one route for one sink, those of all workers together.
struct SlotState {
  std::string route;
  std::string sink;
  uint64_t slots = 0;
  uint64_t out = 0;
  uint64_t starved = 0;  // how often a worker found none
};

/// One sink. The histograms belong to it.
struct SinkState {
  std::string id;
  uint64_t payloads = 0;
  uint64_t shipments = 0;
  uint64_t retries = 0;
  bool is_failing = false;
  bool is_broken = false;
  int64_t failing_for = 0;  // ns
  int64_t oldest_age = 0;   // ns; 0: nothing waits
  int64_t asked_for = 0;    // ns that the sink owes an answer
  const Histogram* age = nullptr;
  const Histogram* offers = nullptr;
};

/// One spool in use.
struct SpoolFill {
  std::string sink;
  uint64_t records = 0;
  uint64_t disk_bytes = 0;
  uint64_t most_bytes = 0;
  uint64_t syncs = 0;
  uint64_t sync_failures = 0;
  uint64_t bad_bytes = 0;
};

/// One thread: its room, and its name there.
struct ThreadState {
  std::string_view room;
  std::string name;
  int64_t cpu_ns = 0;
};

struct EngineMeters {
  std::vector<SourceState> sources;
  std::vector<SlotState> slots;
  std::vector<SinkState> sinks;
  std::vector<SpoolFill> spools;
  std::vector<ThreadState> threads;
};

}  // namespace stook
