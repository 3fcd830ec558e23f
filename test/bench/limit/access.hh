// SPDX-License-Identifier: Apache-2.0
//
// One line of nginx's combined log format, taken apart, and the forms it is written in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace limit {

/// The fields of one line. The texts borrow the line, or the parser where the log's own escapes (`\x22`) were undone.
/// A field that was written as '-' is absent: a text without data, or `has_bytes` false.
struct Access {
  std::string_view remote_addr;
  std::string_view remote_user;
  std::string_view time_local;
  std::string_view method;
  std::string_view path;
  std::string_view protocol;
  std::string_view http_referer;
  std::string_view http_user_agent;
  int64_t time = 0;  ///< ns since 1970, UTC
  int64_t status = 0;
  int64_t body_bytes_sent = 0;
  bool has_bytes = false;
  bool is_valid = false;  ///< whether the line had the format
};

/// Whether a text field is there. An empty one is.
inline bool has(std::string_view field) {
  return field.data() != nullptr;
}

/// Takes lines apart: addr ident user [time] "method path protocol" status bytes "referer" "agent".
/// Escapes in the user and in what is quoted are undone: \xNN of nginx, and the letters of Apache. A quote behind a
/// backslash does not end its field. The path is all between the first and the last blank of the request.
class AccessParser {
 public:
  /// The fields are valid until the next call.
  Access parse(std::string_view line);

 private:
  std::string_view undo(std::string_view text);

  std::unique_ptr<char[]> plain_;
  size_t capacity_ = 0;
  size_t used_ = 0;
};

/// A time such as `25/Oct/2026:04:30:00 +0200` in ns since 1970, UTC; `NO_TIME` if it is none or if
/// its year is not in 1970 to 2261, the years that 64 bits of ns hold.
int64_t parse_time(std::string_view text);
constexpr int64_t NO_TIME = INT64_MIN;

/// A decimal integer of 1 to 18 digits, or -1.
int64_t parse_digits(std::string_view text);

/// What the JSON lines hold: all fields; all, with the time as it was; or those that the filter leaves.
enum class Shape { Full, LocalTime, Filtered };

/// Bytes to have free for any of the writers below, for a line of this size.
constexpr size_t access_room(size_t line) {
  return 6 * line + 512;
}

/// Writes a row as a line of JSON, absent fields left out.
template <Shape shape>
char* put_json(char* to, const Access& row);

/// Writes a row as a line of CSV, absent fields empty.
char* put_csv(char* to, const Access& row);

/// Writes a row as `$remote_addr $status $path`.
char* put_pattern(char* to, const Access& row);

}  // namespace limit
