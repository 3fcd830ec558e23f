// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. The options that all sources, filters or sinks have, whatever the plugin.
#pragma once

#include <cstdint>
#include <string>

#include "core/plan/draft.hh"
#include "core/plan/options.hh"

namespace stook {

/// What they are set to; of a kind that has an option not, its default.
struct CommonOptions {
  std::string on_error;
  std::string log_level;
  std::string format;
  Full full = Full::Wait;
  Duration hold_time;
  uint64_t hold_rows = 0;
  Size hold_bytes;
  Size hold_most;
  std::string spool;
  Size spool_size;
  SpoolSync spool_sync = SpoolSync::Batch;
  SpoolFull spool_full = SpoolFull::Block;
  std::string on_refused;
  Duration retry_first;
  Duration retry_most;
  Duration retry_for;
  uint64_t lanes = 1;
  /// Usual: its own for a source that runs a user's code.
  enum class Front { Usual, Main, Own } front = Front::Usual;
  int64_t cpu = -1;
};

/// Gives them to the instance. A mistake makes it broken.
void take_common(Draft& draft, InstanceDraft& one, const CommonOptions& common);

}  // namespace stook
