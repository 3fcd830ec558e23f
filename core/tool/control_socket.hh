// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Where the control socket of a running stookd is.
#pragma once

#include <string>

namespace stook {

/// The path given by `--socket`; else that of the configuration given by `-c`; else where etc/stook.conf has it. Empty
/// after a message when the configuration is wrong or has no socket.
std::string control_socket(const std::string& path, const std::string& file);

}  // namespace stook
