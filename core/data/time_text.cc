// SPDX-License-Identifier: Apache-2.0
#include "core/data/time_text.hh"

#include <endian.h>

#include <cstring>
#include <stdexcept>

namespace stook {

namespace {
constexpr int64_t second_ns = 1'000'000'000;
constexpr int64_t day_ns = 86400 * second_ns;

/// The second of the day of `HH:MM:SS` at `from`, which has 8 bytes; negative when it is none. All bytes are looked at in one
/// word: what they have beyond 00:00:00 is 0 to 9 in digits and 0 in colons.
int read_day_second(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  word = le64toh(word) ^ 0x30303a30303a3030;
  uint64_t beyond = word | (word + 0x76767f76767f7676);
  auto two = [word](int at) { return static_cast<int>((word >> at & 0xff) * 10 + (word >> (at + 8) & 0xff)); };
  int hour = two(0);
  int minute = two(24);
  int second = two(48);
  bool is_time = (beyond & 0x8080808080808080) == 0 && hour < 24 && minute < 60 && second <= 60;
  return is_time ? (hour * 60 + minute) * 60 + second : -1;
}

/// `HH:MM:SS` at `from`, which has 8 bytes. False when digits or colons are missing.
bool read_clock_time(const char* from, Civil& civil) {
  civil.hour = read_two(from);
  civil.minute = read_two(from + 3);
  civil.second = read_two(from + 6);
  return from[2] == ':' && from[5] == ':';
}

/// As detail::read_fraction, which reads what has not three digits or six.
inline TimeText read_thousandths(std::string_view text) {
  if (text.size() < 5 || text[0] != '.') {
    return detail::read_fraction(text);
  }
  int ms = read_three(text.data() + 1);
  if (ms >= 0 && !is_digit(text[4])) {
    return {ms * int64_t{1'000'000}, 4};
  }
  int us = text.size() < 8 ? -1 : read_three(text.data() + 4);
  if (ms >= 0 && us >= 0 && !is_digit(text[7])) {
    return {(ms * 1000 + us) * int64_t{1000}, 7};
  }
  return detail::read_fraction(text);
}

/// Whether two times of 26 bytes are equal but for their seconds.
bool has_same_minute(const char* one, const char* other) {
  auto differ = [&](size_t at, auto word) {
    auto second = word;
    std::memcpy(&word, one + at, sizeof word);
    std::memcpy(&second, other + at, sizeof word);
    return static_cast<uint64_t>(word ^ second);
  };
  return (differ(0, uint64_t{}) | differ(8, uint64_t{}) | differ(16, uint16_t{}) | differ(20, uint32_t{}) |
          differ(24, uint16_t{})) == 0;
}

/// A year of this and the last century, standing alone: 2001:db8::7 begins with none.
bool is_year(std::string_view text) {
  if (text.size() < 4 || (text.substr(0, 2) != "19" && text.substr(0, 2) != "20") || read_four(text.data()) <= 0) {
    return false;
  }
  std::string_view rest = text.substr(text.substr(4, 1) == ":" ? 5 : 4);
  return rest.empty() || rest[0] == ' ';
}
}  // namespace

TimeReader::TimeReader(std::string_view format, const Zone& zone) : zone_(zone) {
  struct Named {
    std::string_view name;
    Form form;
    int64_t unit;
  };
  static constexpr Named named[] = {
      {"clf", Form::Clf, 0},
      {"iso8601", Form::Iso, 0},
      {"rfc3339", Form::Iso, 0},
      {"rfc3164", Form::Syslog, 0},
      {"epoch", Form::Epoch, second_ns},
      {"epoch_s", Form::Epoch, second_ns},
      {"epoch_ms", Form::Epoch, 1'000'000},
      {"epoch_us", Form::Epoch, 1000},
      {"epoch_ns", Form::Epoch, 1},
  };
  for (const Named& known : named) {
    if (known.name == format) {
      form_ = known.form;
      unit_ = known.unit;
      return;
    }
  }
  if (format.find('%') == std::string_view::npos) {
    throw std::invalid_argument("\"" + std::string(format) + "\" is no time format; it takes clf, iso8601, rfc3164, " +
                                "epoch, epoch_ms, epoch_us, epoch_ns or a format with %Y and the like");
  }
  compile(format);
}

TimeText TimeReader::read(std::string_view text, int64_t now) {
  switch (form_) {
    case Form::Clf:
      return read_clf(text);
    case Form::Iso:
      return read_iso(text);
    case Form::Syslog:
      return read_syslog(text, now);
    case Form::Epoch:
      return read_epoch(text);
    case Form::Pattern:
      break;
  }
  return read_pattern(text, now);
}

TimeText TimeReader::read_clf(std::string_view text) {
  const char* from = text.data();
  if (text.size() < 20) {
    return {};
  }
  if (text.size() >= 26 && has_same_minute(from, clf_)) {
    int second = read_two(from + 18);
    return second < 0 || second > 60 ? TimeText{} : TimeText{clf_ns_ + second * second_ns, 26};
  }
  Civil civil;
  civil.day = read_two(from);
  civil.month = read_month(from + 3);
  civil.year = read_four(from + 7);
  bool is_clock = read_clock_time(from + 12, civil);
  if (from[2] != '/' || from[6] != '/' || from[11] != ':' || !is_clock || civil.year < 0 || !is_valid(civil)) {
    return {};
  }
  int64_t seconds = seconds_of(civil);
  TimeText fraction = detail::read_fraction(text.substr(20));
  size_t size = 20 + fraction.size;
  TimeText zone;
  if (size < text.size() && text[size] == ' ') {
    zone = detail::read_zone(text.substr(size + 1));
  }
  if (!zone) {
    return detail::time_of(zone_.to_utc(seconds), fraction.ns, size);
  }
  TimeText time = detail::time_of(seconds - zone.ns / second_ns, fraction.ns, size + 1 + zone.size);
  if (time && time.size == 26 && fraction.size == 0) {
    std::memcpy(clf_, from, 26);
    clf_ns_ = time.ns - civil.second * second_ns;
  }
  return time;
}

TimeText TimeReader::read_iso(std::string_view text) {
  const char* from = text.data();
  if (text.size() < 16 || (from[10] != 'T' && from[10] != 't' && from[10] != ' ')) {
    return {};
  }
  if (std::memcmp(from, date_, 10) != 0) {
    Civil date;
    date.year = read_four(from);
    date.month = read_two(from + 5);
    date.day = read_two(from + 8);
    if (from[4] != '-' || from[7] != '-' || date.year < 0 || !is_valid(date)) {
      return {};
    }
    std::memcpy(date_, from, 10);
    date_days_ = days_of(date.year, date.month, date.day);
  }
  int day_second = -1;
  size_t size = 16;
  TimeText fraction;
  if (text.size() >= 19 && from[16] == ':') {
    day_second = read_day_second(from + 11);
    fraction = read_thousandths(text.substr(19));
    size = 19 + fraction.size;
  } else {
    char clock[8] = {0, 0, 0, 0, 0, ':', '0', '0'};
    std::memcpy(clock, from + 11, 5);
    day_second = read_day_second(clock);
  }
  if (day_second < 0) {
    return {};
  }
  int64_t seconds = date_days_ * 86400 + day_second;
  if (size + 1 == text.size() && text[size] == 'Z') {
    return detail::time_of(seconds, fraction.ns, size + 1);
  }
  size_t blank =
      size + 1 < text.size() && text[size] == ' ' && (text[size + 1] == '+' || text[size + 1] == '-') ? 1 : 0;
  TimeText zone = detail::read_zone(text.substr(size + blank));
  if (!zone) {
    return detail::time_of(zone_.to_utc(seconds), fraction.ns, size);
  }
  return detail::time_of(seconds - zone.ns / second_ns, fraction.ns, size + blank + zone.size);
}

TimeText TimeReader::read_syslog(std::string_view text, int64_t now) {
  if (text.size() < 14 || text[3] != ' ') {
    return {};
  }
  Civil civil;
  civil.month = read_month(text.data());
  size_t at = text[4] == ' ' ? 5 : 4;
  size_t digits = is_digit(text[at]) && is_digit(text[at + 1]) ? 2 : 1;
  civil.day = digits == 2 ? read_two(text.data() + at) : is_digit(text[at]) ? text[at] - '0' : 0;
  at += digits + 1;
  if (civil.month == 0 || civil.day == 0 || text[at - 1] != ' ') {
    return {};
  }
  if (is_year(text.substr(at)) && at + 4 < text.size() && text[at + 4] == ' ') {
    civil.year = read_four(text.data() + at);
    at += 5;
  }
  if (text.size() < at + 8 || !read_clock_time(text.data() + at, civil)) {
    return {};
  }
  at += 8;
  TimeText fraction = detail::read_fraction(text.substr(at));
  at += fraction.size;
  if (civil.year == 0 && at < text.size() && text[at] == ' ' && is_year(text.substr(at + 1))) {
    civil.year = read_four(text.data() + at + 1);
    at += 5;
  }
  if (civil.year == 0) {
    int64_t day = now / day_ns;
    if (std::memcmp(date_, text.data(), 6) != 0 || year_day_ != day) {
      year_ = detail::guess_year(civil.month, civil.day, now);
      std::memcpy(date_, text.data(), 6);
      year_day_ = day;
    }
    civil.year = year_;
  }
  if (!is_valid(civil)) {
    return {};
  }
  return detail::time_of(zone_.to_utc(seconds_of(civil)), fraction.ns, at);
}

TimeText TimeReader::read_epoch(std::string_view text) const {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  size_t first = at;
  int64_t whole = 0;
  for (; at < text.size() && is_digit(text[at]); at++) {
    if (at - first >= 19 || __builtin_mul_overflow(whole, 10, &whole) ||
        __builtin_add_overflow(whole, text[at] - '0', &whole)) {
      return {};
    }
  }
  int64_t ns = 0;
  if (at == first || __builtin_mul_overflow(whole, unit_, &ns)) {
    return {};
  }
  TimeText fraction = detail::read_fraction(text.substr(at));
  if (fraction && text[at] == ',') {
    fraction = {};
  }
  if (__builtin_add_overflow(ns, fraction.ns / (second_ns / unit_), &ns)) {
    return {};
  }
  return {first == 1 ? -ns : ns, at + fraction.size};
}

}  // namespace stook
