// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Syslog lines taken apart: RFC 5424, RFC 3164, and what devices make of the latter.
#pragma once

#include <string_view>

#include "core/base/arena.hh"
#include "core/data/time_text.hh"
#include "core/data/type.hh"

namespace stook {

/// The parts of one line. A part with null data is absent; `pri` -1: there is none. Slices point into the line.
struct SyslogText {
  int pri = -1;
  TimeText time;
  std::string_view host;
  std::string_view app;
  std::string_view pid;
  std::string_view msgid;
  std::string_view data;  // structured data, as it is written
  Cell object{};          // made of it, where an arena was given
  std::string_view message;
};

/// The name of a facility (pri / 8) and of a severity (pri % 8), as in syslog.conf. REQUIRES: pri 0 to 191.
inline std::string_view facility_name(int pri) {
  static constexpr std::string_view names[] = {"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                               "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                               "ntp",    "audit",  "alert",  "clock",  "local0",   "local1",
                                               "local2", "local3", "local4", "local5", "local6",   "local7"};
  return names[static_cast<unsigned>(pri) / 8];
}
inline std::string_view severity_name(int pri) {
  static constexpr std::string_view names[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
  return names[static_cast<unsigned>(pri) % 8];
}

/// Takes lines apart. A line whose priority is followed by `1 ` is RFC 5424, any other is read as RFC 3164 with these
/// liberties: no priority, no host, no tag, a year in the date or behind the time, a fraction, ISO 8601 in place of the
/// date, Cisco's sequence number, `*` or `.` before the date, its zone and colon behind the time.
/// *Rooms:* whoever owns it.
class SyslogReader {
 public:
  explicit SyslogReader(const Zone& zone) : old_time_("rfc3164", zone), iso_time_("iso8601", zone) {}
  /// Fills `parts`; null, or in one phrase why the text is no syslog line. `now` gives the year where none is written.
  /// Structured data becomes an object in the arena where one is given.
  const char* read(std::string_view text, int64_t now, SyslogText& parts, Arena* arena = nullptr);

 private:
  const char* read_new(std::string_view text, SyslogText& parts, Arena* arena);
  const char* read_old(std::string_view text, int64_t now, SyslogText& parts);
  /// How many bytes the time and what belongs to it take, 0 when there is none.
  size_t read_old_time(std::string_view text, int64_t now, SyslogText& parts);

  TimeReader old_time_;
  TimeReader iso_time_;
};

/// Structured data at the head of a text: its size, or 0 when it is malformed. RFC 5424, section 6.3.
size_t structured_data_size(std::string_view text);

/// Structured data at the head of a text.
struct StructuredData {
  /// 0: it is malformed, and there is no object.
  size_t size = 0;
  /// A map of ids to maps of names to values, in order; \" \\ and \] are undone. It is JSON text where that needs no
  /// escapes, else msgpack.
  Cell object{};
};
StructuredData take_structured_data(std::string_view text, Arena& arena);

}  // namespace stook
