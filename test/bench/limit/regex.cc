// SPDX-License-Identifier: Apache-2.0
//
// The access work by a regular expression: PCRE2, compiled once, matched by its JIT code. The pattern is that of
// conf/regex.conf: a '-' matches outside of the group, so that the group stays unset and the field absent.

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "access.hh"
#include "modes.hh"
#include "stream.hh"

namespace limit {

namespace {

constexpr char PATTERN[] = R"(^(?<remote_addr>[^ ]+) [^ ]+ (?:-|(?<remote_user>[^ ]+)) [[](?<time_local>[^]]+)] )"
                           R"(\x22(?<method>[A-Z]+) (?<path>[^ ]+) (?<protocol>[^ \x22]+)\x22 (?<status>[0-9]+) )"
                           R"((?:-|(?<body_bytes_sent>[0-9]+)) \x22(?:-|(?<http_referer>[^\x22]*))\x22 )"
                           R"(\x22(?:-|(?<http_user_agent>[^\x22]*))\x22$)";

/// The compiled pattern with the place its matches go to; lives as long as the run.
struct Matcher {
  pcre2_code* code;
  pcre2_match_data* match;
  const PCRE2_SIZE* bounds;

  Matcher() {
    int error = 0;
    PCRE2_SIZE place = 0;
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(PATTERN), PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY, &error,
                         &place, nullptr);
    if (code == nullptr || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0) {
      std::fprintf(stderr, "limit: PCRE2 error %d at %zu of the pattern, or no JIT\n", error, place);
      std::exit(1);
    }
    match = pcre2_match_data_create_from_pattern(code, nullptr);
    bounds = pcre2_get_ovector_pointer(match);
  }
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;
  ~Matcher() {
    pcre2_match_data_free(match);
    pcre2_code_free(code);
  }

  /// The number of a named group.
  size_t number(const char* name) const {
    return static_cast<size_t>(pcre2_substring_number_from_name(code, reinterpret_cast<PCRE2_SPTR>(name)));
  }

  bool matches(std::string_view line) const {
    return pcre2_jit_match(code, reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0, match, nullptr) > 0;
  }

  /// The text of a group of the last match, absent if the group is unset.
  std::string_view group(std::string_view line, size_t number) const {
    const PCRE2_SIZE start = bounds[2 * number];
    if (start == PCRE2_UNSET) {
      return {};
    }
    return {line.data() + start, bounds[2 * number + 1] - start};
  }
};

}  // namespace

size_t run_regex(const std::string& in, const std::string& out) {
  const Matcher matcher;
  struct Text {
    size_t group;
    std::string_view Access::*field;
  };
  const Text texts[] = {
      {matcher.number("remote_addr"), &Access::remote_addr},
      {matcher.number("remote_user"), &Access::remote_user},
      {matcher.number("time_local"), &Access::time_local},
      {matcher.number("method"), &Access::method},
      {matcher.number("path"), &Access::path},
      {matcher.number("protocol"), &Access::protocol},
      {matcher.number("http_referer"), &Access::http_referer},
      {matcher.number("http_user_agent"), &Access::http_user_agent},
  };
  const size_t status = matcher.number("status");
  const size_t bytes = matcher.number("body_bytes_sent");
  Output output(out);
  size_t unread = 0;
  each_line(in, [&](std::string_view line) {
    if (!matcher.matches(line)) {
      ++unread;
      return;
    }
    Access row;
    for (const Text& text : texts) {
      row.*text.field = matcher.group(line, text.group);
    }
    row.status = parse_digits(matcher.group(line, status));
    const std::string_view size = matcher.group(line, bytes);
    row.has_bytes = has(size);
    row.body_bytes_sent = row.has_bytes ? parse_digits(size) : 0;
    output.filled(put_json<Shape::LocalTime>(output.room(access_room(line.size())), row));
  });
  return unread;
}

}  // namespace limit
