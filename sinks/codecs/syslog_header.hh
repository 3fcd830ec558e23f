// SPDX-License-Identifier: Apache-2.0
/// The head of a syslog message, of letters that no reader can mistake.
///
/// RFC 5424, section 6: `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA`, fields of printable ASCII
/// without blanks, at most 255, 48, 128 and 32 bytes, `-` for what is absent. RFC 3164, section 4.1: `<PRI>Mmm dd
/// hh:mm:ss HOSTNAME TAG[PID]:`, the tag at most 32 letters, digits and `._/-`, the process without brackets. Other
/// bytes are `_`.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/data/payload.hh"
#include "core/data/type.hh"

namespace stook {

enum class SyslogRfc : uint8_t { New, Old };

/// Writes heads, field by field in their order. Remembers the text of the last second. *Rooms:* whoever owns it.
class SyslogHeader {
 public:
  /// `is_local`: RFC 3164's times are of the system's zone, else of UTC.
  SyslogHeader(SyslogRfc rfc, bool is_local) : rfc_(rfc), is_local_(is_local) {}

  /// Priority and time (ns since 1970), cut to µs; a time that has no four digits for its year is absent.
  void begin(Payload& out, int pri, int64_t time);
  void put_host(Payload& out, std::string_view host);
  void put_app(Payload& out, std::string_view app);
  /// The process, and with RFC 3164 what ends the tag.
  void put_pid(Payload& out, std::string_view pid);
  void put_msgid(Payload& out, std::string_view msgid);

 private:
  void put_time(Payload& out, int64_t time);
  void write_second(int64_t second);

  SyslogRfc rfc_;
  bool is_local_;
  int64_t second_ = INT64_MIN;
  char text_[32] = {};  // of that second
  size_t size_ = 0;     // 0: it has none
};

/// Appends structured data: of an object the maps in it, each an element; of text, text that is well-formed; else `-`.
/// `scratch` is overwritten.
void append_structured_data(Payload& out, const Cell& cell, Payload& scratch);

}  // namespace stook
