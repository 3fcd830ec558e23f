// SPDX-License-Identifier: Apache-2.0
//
// The writing half of access.hh: JSON, CSV and pattern lines. All names and the order of the fields are literals.

#include "access.hh"
#include "text.hh"

namespace limit {

namespace {

/// All pairs of decimal digits.
struct Pairs {
  char text[200];
  constexpr Pairs() : text() {
    for (size_t value = 0; value < 100; ++value) {
      text[2 * value] = static_cast<char>('0' + value / 10);
      text[2 * value + 1] = static_cast<char>('0' + value % 10);
    }
  }
};
constexpr Pairs PAIRS;

/// Writes two digits and the character after them. REQUIRES: value < 100.
char* put_two(char* to, unsigned value, char next) {
  std::memcpy(to, PAIRS.text + 2 * value, 2);
  to[2] = next;
  return to + 3;
}

/// Writes ns since 1970 as ISO 8601 in UTC, `2026-10-25T02:30:00Z`. REQUIRES: a time that parse_time
/// returned, thus one of whole seconds.
char* put_time(char* to, int64_t time) {
  constexpr int64_t second = 1'000'000'000;
  const auto total = static_cast<uint64_t>(time / second) + uint64_t{719468} * 86400;
  const auto days = static_cast<unsigned>(total / 86400);
  const auto clock = static_cast<unsigned>(total % 86400);
  const unsigned era = days / 146097;
  const unsigned day_of_era = days % 146097;
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  const unsigned year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  to = put_two(to, year / 100 % 100, '0') - 1;
  to = put_two(to, year % 100, '-');
  to = put_two(to, month, '-');
  to = put_two(to, day_of_year - (153 * shifted + 2) / 5 + 1, 'T');
  to = put_two(to, clock / 3600, ':');
  to = put_two(to, clock / 60 % 60, ':');
  return put_two(to, clock % 60, 'Z');
}

/// Writes `,"name":"text"`, or nothing for an absent text. `lead` is all of it up to the text.
template <size_t N>
char* put_field(char* to, const char (&lead)[N], std::string_view text) {
  if (!has(text)) {
    return to;
  }
  to = put_string(put(to, lead), text);
  *to++ = '"';
  return to;
}

/// Writes a comma and a CSV cell.
char* put_next_cell(char* to, std::string_view text) {
  *to++ = ',';
  return put_cell(to, text);
}

}  // namespace

template <Shape shape>
char* put_json(char* to, const Access& row) {
  to = put_field(to, R"({"remote_addr":")", row.remote_addr);
  to = put_field(to, R"(,"remote_user":")", row.remote_user);
  if constexpr (shape == Shape::LocalTime) {
    to = put_field(to, R"(,"time_local":")", row.time_local);
  } else {
    to = put_time(put(to, R"(,"time":")"), row.time);
    *to++ = '"';
  }
  to = put_field(to, R"(,"method":")", row.method);
  to = put_field(to, R"(,"path":")", row.path);
  to = put_field(to, R"(,"protocol":")", row.protocol);
  to = put_integer(put(to, R"(,"status":)"), row.status);
  if (row.has_bytes) {
    to = put_integer(put(to, R"(,"body_bytes_sent":)"), row.body_bytes_sent);
  }
  to = put_field(to, R"(,"http_referer":")", row.http_referer);
  if constexpr (shape == Shape::Filtered) {
    if (row.has_bytes) {
      to = put_integer(put(to, R"(,"kib":)"), row.body_bytes_sent / 1024);
    }
    to = put_field(to, R"(,"agent":")", row.http_user_agent);
  } else {
    to = put_field(to, R"(,"http_user_agent":")", row.http_user_agent);
  }
  return put(to, "}\n");
}

template char* put_json<Shape::Full>(char*, const Access&);
template char* put_json<Shape::LocalTime>(char*, const Access&);
template char* put_json<Shape::Filtered>(char*, const Access&);

char* put_csv(char* to, const Access& row) {
  to = put_cell(to, row.remote_addr);
  to = put_next_cell(to, row.remote_user);
  *to++ = ',';
  to = put_time(to, row.time);
  to = put_next_cell(to, row.method);
  to = put_next_cell(to, row.path);
  to = put_next_cell(to, row.protocol);
  *to++ = ',';
  to = put_integer(to, row.status);
  *to++ = ',';
  if (row.has_bytes) {
    to = put_integer(to, row.body_bytes_sent);
  }
  to = put_next_cell(to, row.http_referer);
  to = put_next_cell(to, row.http_user_agent);
  *to++ = '\n';
  return to;
}

char* put_pattern(char* to, const Access& row) {
  to = put_text(to, row.remote_addr);
  *to++ = ' ';
  to = put_integer(to, row.status);
  *to++ = ' ';
  to = put_text(to, row.path);
  *to++ = '\n';
  return to;
}

}  // namespace limit
