// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What an instance needs of the system. It is asked once its options are known and before the process gives its
/// rights up: what nobody has named then is out of reach afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stook {

struct Listening;

/// Paths may be patterns with * ? [ ], and those that are written may hold keys after a $: what stands before is meant.
struct Needs {
  /// Bit n is capability n of linux/capability.h.
  uint64_t capabilities = 0;
  /// Files and folders that are read.
  std::vector<std::string> reads;
  /// Files whose writer decides what stook does or who believes it: scripts, keys, certificates; of a folder, the scripts in
  /// it. They are read, too.
  std::vector<std::string> trusted;
  /// Files that are written or made, in folders that may be missing.
  std::vector<std::string> writes;
  /// Files of stook's own, such as positions: written, and nobody else's business.
  std::vector<std::string> state;
  /// Where it listens. The config lives as long as the plan.
  std::vector<const Listening*> listens;
  /// Starts programs, which need what nobody can foresee.
  bool runs_programs = false;
  /// Enters another network namespace.
  bool enters_namespaces = false;

  void add_capability(int number) { capabilities |= uint64_t{1} << number; }
};

/// For a plugin that needs nothing but its connections.
inline void needs_nothing(const void*, Needs&) {}

}  // namespace stook
