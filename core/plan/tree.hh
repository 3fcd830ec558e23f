// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Stacks become routes: all stacks that start at one source are one tree, in which equal heads are shared.
#pragma once

#include "core/plan/draft.hh"

namespace stook {

/// Makes a route for each source that has a stack without mistakes. Node::instance points into the draft's instances.
std::vector<std::unique_ptr<Route>> build_routes(Draft& draft);

}  // namespace stook
