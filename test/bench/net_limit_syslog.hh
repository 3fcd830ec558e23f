// SPDX-License-Identifier: Apache-2.0
/// One message of RFC 5424 into one line of JSON, for the baseline: the members and types that stook's parse_syslog gives.
#pragma once

#include <string_view>

namespace limit {

/// Writes the line with its newline, and returns its end. Messages that are not of RFC 5424 end the program: net_send makes none.
/// REQUIRES: 16 readable bytes behind the message; room for 6 times its size and 1 KiB.
char* put_syslog_json(char* to, std::string_view message);

}  // namespace limit
