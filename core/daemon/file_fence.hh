// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The fence around files: Landlock, with folders computed from what the configuration names.
#pragma once

#include <string>
#include <vector>

#include "core/daemon/plan_needs.hh"

namespace stook {

/// Files and folders that are there, by their real paths; of a folder all beneath it is meant.
struct Reach {
  std::vector<std::string> reads;
  std::vector<std::string> writes;

  /// Whether the file may be opened; `why` is what lies outside.
  bool has_read(const std::string& real_path) const;
  bool has_write(const std::string& real_path) const;
};

/// What the process may reach: for each file that is read or written its folder, and that of what a link there leads to,
/// so that files may be renamed, rotated and replaced; and what the C library, TLS and the clock read.
Reach reach_of(const PlanNeeds& needs, const Settings& settings);
/// The first of the paths needed that is not within reach, with `read` or `write` before it; empty: all are.
std::string outside_of(const Reach& reach, const PlanNeeds& needs, const Settings& settings);

/// The version of Landlock that the kernel has; 0: none.
int landlock_version();
/// From here on the calling thread, and all that it starts, open nothing beyond. Throws PrivilegeError.
void fence_files(const Reach& reach, bool runs_programs);
/// Tries what is out of reach. Throws PrivilegeError when it opens.
void verify_fence(const Reach& reach);

}  // namespace stook
