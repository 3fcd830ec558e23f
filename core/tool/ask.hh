// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Asks a running stookd at its control socket; the protocol is described in core/run/control.cc.
#pragma once

#include <string>

namespace stook {

/// What came behind `ok`. Throws SetupError when nobody answers within five seconds, or answers `error`.
std::string ask(const std::string& path, const std::string& request);

}  // namespace stook
