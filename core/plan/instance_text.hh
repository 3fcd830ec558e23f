// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. One text for all that a configuration says about an instance, by which two of them are compared.
#pragma once

#include <string>

#include "core/plan/draft.hh"

namespace stook {

/// Plugin, options in the order of their names, where failed rows go, and what was read from files.
/// REQUIRES: the instance has been filled.
std::string text_of(const Draft& draft, const InstanceDraft& one);

/// A source that keeps positions keeps them in state_dir, in a file named for its id, unless the config names one. True
/// when it keeps any.
bool place_state(const Settings& settings, const InstanceDraft& one);

}  // namespace stook
