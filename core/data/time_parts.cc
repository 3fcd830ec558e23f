// SPDX-License-Identifier: Apache-2.0
/// The parts that all forms of time share: zones, fractions, the year that was not written.
#include <algorithm>
#include <ctime>
#include <stdexcept>

#include "core/data/time_text.hh"

namespace stook {

namespace {
constexpr int64_t second_ns = 1'000'000'000;
constexpr int64_t day_ns = 86400 * second_ns;
}  // namespace

namespace detail {

TimeText read_zone(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  if (text[0] == 'Z' || text[0] == 'z') {
    return {0, 1};
  }
  if ((text[0] != '+' && text[0] != '-') || text.size() < 3) {
    return {};
  }
  int hours = read_two(text.data() + 1);
  int minutes = 0;
  size_t size = 3;
  size_t colon = text.size() > 3 && text[3] == ':' ? 1 : 0;
  if (text.size() >= 5 + colon && is_digit(text[3 + colon])) {
    minutes = read_two(text.data() + 3 + colon);
    size = 5 + colon;
  }
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
    return {};
  }
  int64_t ns = (hours * 60 + minutes) * 60 * second_ns;
  return {text[0] == '-' ? -ns : ns, size};
}

TimeText read_fraction(std::string_view text) {
  if (text.size() < 2 || (text[0] != '.' && text[0] != ',') || !is_digit(text[1])) {
    return {};
  }
  static constexpr int64_t weights[] = {0, 100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1000, 100, 10, 1};
  int64_t value = 0;
  size_t size = 1;
  for (; size < std::min<size_t>(text.size(), 10) && is_digit(text[size]); size++) {
    value = value * 10 + (text[size] - '0');
  }
  int64_t ns = value * weights[size - 1];
  while (size < text.size() && is_digit(text[size])) {
    size++;
  }
  return {ns, size};
}

int guess_year(int month, int day, int64_t now) {
  int64_t today = now / day_ns - (now % day_ns < 0 ? 1 : 0);
  int year = year_of(today);
  for (int candidate = year + 1; candidate > year - 8; candidate--) {
    if (day <= days_in_month(candidate, month) && days_of(candidate, month, day) <= today + 7) {
      return candidate;
    }
  }
  return year;
}

}  // namespace detail

Zone::Zone(std::string_view name) {
  if (name == "UTC" || name == "utc" || name == "GMT") {
    return;
  }
  if (name == "local") {
    is_local_ = true;
    return;
  }
  TimeText offset = detail::read_zone(name);
  if (offset.size != name.size() || name.empty()) {
    throw std::invalid_argument("\"" + std::string(name) + "\" is no zone; it takes UTC, local or an offset as +02:00");
  }
  offset_ = offset.ns / second_ns;
}

void Zone::look_up(int64_t seconds) {
  quarter_ = seconds / 900;
  time_t wanted = seconds;
  tm parts{};
  gmtime_r(&wanted, &parts);
  parts.tm_isdst = -1;
  offset_ = seconds - mktime(&parts);
}

}  // namespace stook
