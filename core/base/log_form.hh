// SPDX-License-Identifier: Apache-2.0
/// Floor 0. How the log looks, and what of it is written: lines of logfmt or JSON, levels of single instances, journald's
/// protocol, and the last lines for whoever looks into a crash.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/log.hh"

namespace stook {

/// Lines are JSON objects from here on, or logfmt. Numbers are numbers, all else is text.
void set_log_json(bool is_json);
/// Async-signal-safe.
bool is_log_json();
/// Events with a field `instance` of these are written from that level on, whatever the log's own level. Replaces those
/// set before.
void set_instance_levels(std::vector<std::pair<std::string, Level>> levels);

/// One field of what Fields::text gives; `value` without its quotes and their escapes.
struct LogField {
  std::string_view name;
  std::string value;
  bool is_quoted = false;
};
/// Takes the first field off; false when there is none.
[[nodiscard]] bool take_field(std::string_view& text, LogField& field);

/// `{"time":"…","level":"warning","event":"…","rows":12}` without an end of line. `time` may be empty.
std::string json_log_line(std::string_view time, std::string_view level, std::string_view event,
                          std::string_view fields);
/// A datagram of journald's native protocol: PRIORITY, SYSLOG_IDENTIFIER, MESSAGE, and each field as STOOK_NAME.
std::string journal_entry(int priority, std::string_view event, std::string_view message, std::string_view fields);

/// Where lines go now, or the standard error when that is no file. Async-signal-safe.
int log_descriptor();
/// Keeps a line for write_last_events. One at a time, as the log's lock sees to.
void remember_event(std::string_view line);
/// Writes the last 32 lines of the log to a descriptor, the oldest first. Async-signal-safe: a line that is being replaced
/// meanwhile may be torn.
void write_last_events(int fd);

}  // namespace stook
