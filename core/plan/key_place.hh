// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Where a key that an element reads or writes was written down: in a file that its plugin read, or in an option.
#pragma once

#include <string>

#include "core/plan/draft.hh"

namespace stook {

/// The place of a key's name, for a caret under it; that of the instance when the name stands nowhere.
Place place_of_key(const Draft& draft, const std::string& key, const Instance& instance);

}  // namespace stook
