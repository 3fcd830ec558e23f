// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What a whole plan needs of the system: its instances, their codecs, and [global].
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/api/needs.hh"
#include "core/plan/plan.hh"

namespace stook {

struct PlanNeeds : Needs {
  /// Folders of stook's own, which may be missing: positions, letters, spools.
  std::vector<std::string> state_folders;
  /// Each of `listens`, with the id of its source.
  std::vector<std::pair<const Listening*, std::string>> sources;
  /// Why it cannot be said which files are needed; empty: it can.
  std::string unbounded;
};

/// What it needs beside what any process does.
PlanNeeds needs_of(const Plan& plan);

/// Whether `logfile` names a file.
bool is_log_file(const std::string& logfile);

}  // namespace stook
