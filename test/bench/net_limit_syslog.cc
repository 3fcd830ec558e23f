// SPDX-License-Identifier: Apache-2.0
#include "net_limit_syslog.hh"

#include <cstdint>

#include "limit/stream.hh"
#include "limit/text.hh"

namespace limit {

namespace {

constexpr std::string_view severities[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
constexpr std::string_view facilities[] = {"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                           "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                           "ntp",    "audit",  "alert",  "clock",  "local0",   "local1",
                                           "local2", "local3", "local4", "local5", "local6",   "local7"};

[[noreturn]] void wrong() {
  fail("not a message of RFC 5424");
}

/// The blank-delimited word at `at`; what is behind the blank follows.
std::string_view word(const char*& at, const char* end) {
  const char* stop = find_byte(at, end, ' ');
  if (stop == end) {
    wrong();
  }
  std::string_view text(at, static_cast<size_t>(stop - at));
  at = stop + 1;
  return text;
}

unsigned two(const char* p) {
  unsigned a = static_cast<unsigned char>(p[0]) - unsigned{'0'};
  unsigned b = static_cast<unsigned char>(p[1]) - unsigned{'0'};
  if (a > 9 || b > 9) {
    wrong();
  }
  return 10 * a + b;
}

/// ns since 1970 of `2026-11-21T03:38:00.003Z`.
int64_t time_of(std::string_view text) {
  if (text.size() < 20 || text.back() != 'Z') {
    wrong();
  }
  const char* p = text.data();
  unsigned year = two(p) * 100 + two(p + 2);
  unsigned month = two(p + 5);
  unsigned day = two(p + 8);
  unsigned hour = two(p + 11);
  unsigned minute = two(p + 14);
  unsigned second = two(p + 17);
  if (p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' || month < 1 || month > 12 ||
      day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) {
    wrong();
  }
  int64_t ns = 0;
  int64_t unit = 100'000'000;
  for (const char* digit = p + 20; digit < p + text.size() - 1; digit++, unit /= 10) {
    if (*digit < '0' || *digit > '9') {
      wrong();
    }
    ns += (*digit - '0') * unit;
  }
  unsigned shifted = year - (month <= 2 ? 1 : 0);
  unsigned era = shifted / 400;
  unsigned of_era = shifted - era * 400;
  unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  int64_t days = int64_t{era} * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000'000 + ns;
}

char* put_digits(char* to, unsigned value, unsigned digits, char next) {
  for (unsigned i = digits; i > 0; i--, value /= 10) {
    to[i - 1] = static_cast<char>('0' + value % 10);
  }
  to[digits] = next;
  return to + digits + 1;
}

/// Milliseconds where there are any, as stook writes times.
char* put_time(char* to, int64_t time) {
  auto total = static_cast<uint64_t>(time / 1'000'000'000) + uint64_t{719468} * 86400;
  auto ms = static_cast<unsigned>(time % 1'000'000'000 / 1'000'000);
  auto days = static_cast<unsigned>(total / 86400);
  auto clock = static_cast<unsigned>(total % 86400);
  unsigned era = days / 146097;
  unsigned of_era = days % 146097;
  unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  unsigned day = of_era - (365 * year + year / 4 - year / 100);
  unsigned shifted = (5 * day + 2) / 153;
  unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  to = put_digits(to, year + era * 400 + (month <= 2 ? 1 : 0), 4, '-');
  to = put_digits(to, month, 2, '-');
  to = put_digits(to, day - (153 * shifted + 2) / 5 + 1, 2, 'T');
  to = put_digits(to, clock / 3600, 2, ':');
  to = put_digits(to, clock / 60 % 60, 2, ':');
  to = put_digits(to, clock % 60, 2, ms == 0 ? 'Z' : '.');
  return ms == 0 ? to : put_digits(to, ms, 3, 'Z');
}

template <size_t N>
char* put_member(char* to, const char (&lead)[N], std::string_view text) {
  if (text == "-") {
    return to;
  }
  to = put_string(put(to, lead), text);
  *to++ = '"';
  return to;
}

/// A name of structured data as a string of JSON.
char* put_name(char* to, const char* from, const char* end) {
  char* begin = to;
  to = put_string(to, {from, static_cast<size_t>(end - from)});
  bool is_name = from < end && to - begin == end - from && find_either(from, end, ' ', ']') == end &&
                 find_either(from, end, '=', '"') == end;
  if (!is_name) {
    wrong();
  }
  return to;
}

/// The elements at `at` as members of one object; escapes are undone.
char* put_structured_data(char* to, const char*& at, const char* end) {
  if (at < end && *at == '-') {
    at += 2;
    return to;
  }
  to = put(to, R"(,"structured_data":{)");
  for (bool is_first = true; at < end && *at == '['; is_first = false) {
    const char* name_end = find_either(at + 1, end, ' ', ']');
    to = is_first ? put(to, "\"") : put(to, ",\"");
    to = put(put_name(to, at + 1, name_end), "\":{");
    at = name_end;
    for (bool is_only = true; at < end && *at == ' '; is_only = false) {
      const char* equals = find_byte(at + 1, end, '=');
      to = is_only ? put(to, "\"") : put(to, ",\"");
      to = put(put_name(to, at + 1, equals), "\":\"");
      if (end - equals < 2 || equals[1] != '"') {
        wrong();
      }
      at = equals + 2;
      for (;;) {
        const char* stop = find_either(at, end, '"', '\\');
        if (stop >= end - 1) {
          wrong();
        }
        to = put_string(to, {at, static_cast<size_t>(stop - at)});
        at = stop + 1;
        if (*stop == '"') {
          break;
        }
        to = put_string(to, {at, 1});
        at++;
      }
      *to++ = '"';
    }
    *to++ = '}';
    if (at >= end || *at++ != ']') {
      wrong();
    }
  }
  *to++ = '}';
  if (at >= end || *at++ != ' ') {
    wrong();
  }
  return to;
}

}  // namespace

char* put_syslog_json(char* to, std::string_view message) {
  const char* at = message.data();
  const char* end = at + message.size();
  unsigned pri = 0;
  if (message.size() < 4 || *at++ != '<') {
    wrong();
  }
  for (; *at != '>'; at++) {
    if (*at < '0' || *at > '9' || pri > 191) {
      wrong();
    }
    pri = 10 * pri + static_cast<unsigned>(*at - '0');
  }
  at++;
  if (pri > 191 || word(at, end) != "1") {
    wrong();
  }
  to = put_integer(put(to, R"({"pri":)"), pri);
  to = put_text(put(to, R"(,"facility":")"), facilities[pri / 8]);
  to = put_text(put(to, R"(","severity":")"), severities[pri % 8]);
  to = put_time(put(to, R"(","time":")"), time_of(word(at, end)));
  *to++ = '"';
  to = put_member(to, R"(,"host":")", word(at, end));
  to = put_member(to, R"(,"app":")", word(at, end));
  to = put_member(to, R"(,"pid":")", word(at, end));
  to = put_member(to, R"(,"msgid":")", word(at, end));
  to = put_structured_data(to, at, end);
  to = put_string(put(to, R"(,"message":")"), {at, static_cast<size_t>(end - at)});
  return put(to, "\"}\n");
}

}  // namespace limit
