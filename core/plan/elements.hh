// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. From stack lines to instances: every element is bound to an id and a plugin, and given its options.
#pragma once

#include <string>

#include "core/plan/draft.hh"

namespace stook {

/// Binds the stacks of the configuration, or the one stack of the command line when `inline_stack` is not empty, and the
/// stacks that `on_error` options name. A lone name is the id of a section with `plugin = NAME`, else an id that any
/// stack binds, else a plugin, whose id is then fresh: `keep`, `keep2`, …
void bind_elements(Draft& draft, const std::string& inline_stack);

}  // namespace stook
