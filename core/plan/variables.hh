// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Environment variables and secrets inside values.
/// `${NAME}`, `${NAME:-default}` and `${NAME:?message}` are replaced where NAME is of upper-case letters, digits and `_`;
/// other `${…}` and `$…` belong to patterns and stay, as does everything behind `$$`.
#pragma once

#include <string>

namespace stook {

/// Puts variables into the value; false, and one sentence with its hint, when one is not set.
[[nodiscard]] bool expand_variables(std::string& value, std::string& why, std::string& hint);

/// Replaces `file:/path` by the first line of that file and `cred:NAME` by that of $CREDENTIALS_DIRECTORY/NAME.
/// False, and one sentence, when there is no such file.
[[nodiscard]] bool read_secret(std::string& value, std::string& why);

}  // namespace stook
