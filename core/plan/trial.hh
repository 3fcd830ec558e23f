// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. A plan under test: its configuration is a text, its sources give any key, and rows can be seen behind filters.
#pragma once

#include <string>
#include <vector>

#include "core/plan/draft.hh"

namespace stook {

/// What `stook test` changes in a plan.
struct Trial {
  /// The configuration; `PlanRequest::file` is only its name, and lends its folder to relative paths.
  std::string text;
  /// Behind each of these filters all rows also go to a sink of the plugin `tap`, called `ID.out`.
  std::vector<std::string> taps;
  const Plugin* tap = nullptr;
};

/// The id of the sink behind a filter.
std::string tap_id(const std::string& filter);

/// After elements are bound: adds the stacks that end in a tap. What cannot be tapped is left out.
void add_taps(Draft& draft, const Trial& trial);
/// After instances are filled: a test may feed any key, at any source.
void open_sources(Draft& draft);

}  // namespace stook
