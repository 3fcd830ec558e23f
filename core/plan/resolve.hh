// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Names become numbers: every read finds its writer, types are compared, and what nobody reads is not made.
#pragma once

#include "core/plan/draft.hh"

namespace stook {

/// Fills the route's schema, source_out and the keys of its nodes. False when there was a mistake.
bool resolve_keys(Draft& draft, Route& route);

}  // namespace stook
