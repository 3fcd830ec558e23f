// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Comparison of two plans: what a new configuration leaves as it is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/plan/plan.hh"

namespace stook {

/// What becomes of the instances of one plan in the next one, by id.
struct Comparison {
  /// A filter of which only files that it loaded have changed (its script), not what it reads, writes and remembers; or
  /// nothing, when it gave up.
  struct Reworked {
    /// The instance that runs and stays, in both plans.
    std::shared_ptr<Instance> running;
    /// What it becomes.
    std::shared_ptr<Instance> fresh;
  };
  std::vector<Reworked> reworked;
  std::vector<std::string> kept;
  std::vector<std::string> changed;
  std::vector<std::string> added;
  std::vector<std::string> removed;
};

/// Puts the running plan's instances in place of those of `next` that are the same, so that from here on "unchanged" means
/// "the same object"; those of reworked filters too. `tired`: filters that gave up, by id; they are made anew.
Comparison adopt(Plan& next, const Plan& running, const std::vector<std::string>& tired = {});

/// Whether two routes do the same: the same instances in the same tree, and pools of the same sizes. Where the lanes run
/// matters only to elements that several lanes share. REQUIRES: the plan of one has adopted that of the other.
bool is_same(const Route& a, const Route& b);

}  // namespace stook
