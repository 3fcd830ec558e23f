// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Asks a running stookd at its control socket; the protocol is described in core/run/control.cc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stook {

/// What came behind `ok`. Throws SetupError when nobody answers within five seconds, or answers `error`.
std::string ask(const std::string& path, const std::string& request);

/// The process that listens at the socket; 0: none can be asked.
pid_t find_process(const std::string& path);

/// As `ask`, for an answer that goes on: `take` is called with each line, and `is_over` at least ten times a second, until
/// one of them is true; then true. False: the process has ended the answer. Throws SetupError.
bool ask_on(const std::string& path, const std::string& request, const std::function<bool(std::string_view)>& take,
            const std::function<bool()>& is_over);

}  // namespace stook
