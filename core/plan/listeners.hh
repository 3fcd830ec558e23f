// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Where the sources of a configuration listen. Pure.
#pragma once

#include "core/plan/draft.hh"

namespace stook {

/// Refuses addresses of sources that cannot be bound beside one that stands before them. REQUIRES: instances are filled.
void check_listeners(Draft& draft);

}  // namespace stook
