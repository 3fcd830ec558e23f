// SPDX-License-Identifier: Apache-2.0
/// Times in formats in the manner of strptime(3): the format is cut into steps once, a text is walked by them.
#include <stdexcept>

#include "core/data/time_text.hh"

namespace stook {

namespace {
constexpr std::string_view conversions = "YymbBhdejHIMSpfzZsaAtn%TDFR";

/// What the steps have found so far.
struct Found {
  Civil civil;
  int64_t fraction = 0;
  int64_t zone = 0;
  int64_t epoch = 0;
  int day_of_year = 0;
  bool has_zone = false;
  bool has_epoch = false;
  bool is_twelve = false;
  bool is_afternoon = false;
};

/// A place in the text.
struct Walk {
  std::string_view text;
  size_t at = 0;

  std::string_view left() const { return text.substr(at); }
  void skip_blanks() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) {
      at++;
    }
  }
  /// A number of 1 to `digits` digits within [least, most], or -1.
  int number(size_t digits, int least, int most) {
    int value = 0;
    size_t first = at;
    while (at < text.size() && at - first < digits && is_digit(text[at])) {
      value = value * 10 + (text[at++] - '0');
    }
    return at == first || value < least || value > most ? -1 : value;
  }
  bool letters() {
    size_t first = at;
    while (at < text.size() && ((text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'z')) {
      at++;
    }
    return at > first;
  }
};

bool read_month_name(Walk& walk, Found& found) {
  if (walk.left().size() < 3) {
    return false;
  }
  found.civil.month = read_month(walk.text.data() + walk.at);
  return found.civil.month != 0 && walk.letters();
}

bool read_fraction_digits(Walk& walk, Found& found) {
  int64_t weight = 100'000'000;
  size_t first = walk.at;
  found.fraction = 0;
  for (; walk.at < walk.text.size() && is_digit(walk.text[walk.at]); walk.at++) {
    found.fraction += (walk.text[walk.at] - '0') * weight;
    weight /= 10;
  }
  return walk.at > first;
}

bool read_offset(Walk& walk, Found& found) {
  TimeText zone = detail::read_zone(walk.left());
  found.zone = zone.ns / 1'000'000'000;
  found.has_zone = true;
  walk.at += zone.size;
  return zone.size != 0;
}

bool read_zone_name(Walk& walk, Found& found) {
  size_t first = walk.at;
  if (!walk.letters()) {
    return false;
  }
  std::string_view name = walk.text.substr(first, walk.at - first);
  if (name == "UTC" || name == "GMT" || name == "Z") {
    found.has_zone = true;
    found.zone = 0;
  }
  return true;
}

bool read_epoch_seconds(Walk& walk, Found& found) {
  size_t first = walk.at;
  found.epoch = 0;
  while (walk.at < walk.text.size() && walk.at - first < 11 && is_digit(walk.text[walk.at])) {
    found.epoch = found.epoch * 10 + (walk.text[walk.at++] - '0');
  }
  found.has_epoch = true;
  return walk.at > first;
}

bool read_half(Walk& walk, Found& found) {
  std::string_view left = walk.left();
  if (left.size() < 2 || (left[1] | 0x20) != 'm' || ((left[0] | 0x20) != 'a' && (left[0] | 0x20) != 'p')) {
    return false;
  }
  found.is_afternoon = (left[0] | 0x20) == 'p';
  walk.at += 2;
  return true;
}

/// Reads one conversion. False when the text has something else there.
bool read_step(char what, Walk& walk, Found& found) {
  Civil& civil = found.civil;
  switch (what) {
    case 'Y':
      return (civil.year = walk.number(4, 1, 9999)) >= 0;
    case 'y':
      civil.year = walk.number(2, 0, 99);
      civil.year += civil.year < 0 ? 0 : civil.year < 69 ? 2000 : 1900;
      return civil.year >= 0;
    case 'm':
      return (civil.month = walk.number(2, 1, 12)) >= 0;
    case 'b':
      return read_month_name(walk, found);
    case 'd':
      walk.skip_blanks();
      return (civil.day = walk.number(2, 1, 31)) >= 0;
    case 'j':
      return (found.day_of_year = walk.number(3, 1, 366)) >= 0;
    case 'H':
      return (civil.hour = walk.number(2, 0, 23)) >= 0;
    case 'I':
      found.is_twelve = true;
      return (civil.hour = walk.number(2, 1, 12)) >= 0;
    case 'M':
      return (civil.minute = walk.number(2, 0, 59)) >= 0;
    case 'S':
      return (civil.second = walk.number(2, 0, 60)) >= 0;
    case 'p':
      return read_half(walk, found);
    case 'f':
      return read_fraction_digits(walk, found);
    case 'z':
      return read_offset(walk, found);
    case 'Z':
      return read_zone_name(walk, found);
    case 's':
      return read_epoch_seconds(walk, found);
    case 'a':
      return walk.letters();
    default:
      walk.skip_blanks();
      return true;
  }
}

/// The letter that does the work of others which mean the same.
char plain_letter(char c) {
  switch (c) {
    case 'B':
    case 'h':
      return 'b';
    case 'e':
      return 'd';
    case 'A':
      return 'a';
    case 't':
    case 'n':
      return ' ';
    default:
      return c;
  }
}

/// What a conversion of several parts stands for, or nothing.
std::string_view long_form(char c) {
  return c == 'T' ? "%H:%M:%S" : c == 'D' ? "%m/%d/%y" : c == 'F' ? "%Y-%m-%d" : c == 'R' ? "%H:%M" : "";
}
}  // namespace

void TimeReader::compile(std::string_view format) {
  for (size_t i = 0; i < format.size(); i++) {
    char c = format[i];
    if (c == ' ') {
      steps_.push_back({' ', {}});
      continue;
    }
    if (c != '%' || (i + 1 < format.size() && format[i + 1] == '%')) {
      i += c == '%' ? 1 : 0;
      if (steps_.empty() || steps_.back().what != 0) {
        steps_.push_back({0, {}});
      }
      steps_.back().text += c;
      continue;
    }
    char letter = i + 1 < format.size() ? format[++i] : '\0';
    if (conversions.find(letter) == std::string_view::npos) {
      throw std::invalid_argument("\"%" + std::string(letter == '\0' ? 0 : 1, letter) +
                                  "\" is no part of a time format; it takes % and one of " + std::string(conversions));
    }
    if (std::string_view whole = long_form(letter); !whole.empty()) {
      compile(whole);
    } else {
      steps_.push_back({plain_letter(letter), {}});
    }
  }
}

TimeText TimeReader::read_pattern(std::string_view text, int64_t now) {
  Walk walk{text};
  Found found;
  for (const Step& step : steps_) {
    if (step.what != 0 ? !read_step(step.what, walk, found) : text.compare(walk.at, step.text.size(), step.text) != 0) {
      return {};
    }
    walk.at += step.text.size();
  }
  if (found.has_epoch) {
    return detail::time_of(found.epoch, found.fraction, walk.at);
  }
  Civil& civil = found.civil;
  if (found.is_twelve) {
    civil.hour = civil.hour % 12 + (found.is_afternoon ? 12 : 0);
  }
  if (civil.year == 0) {
    civil.year = detail::guess_year(civil.month, civil.day, now);
  }
  if (!is_valid(civil)) {
    return {};
  }
  int64_t seconds = seconds_of(civil);
  if (found.day_of_year != 0) {
    seconds += (days_of(civil.year, 1, found.day_of_year) - days_of(civil.year, civil.month, civil.day)) * 86400;
  }
  return detail::time_of(found.has_zone ? seconds - found.zone : zone_.to_utc(seconds), found.fraction, walk.at);
}

}  // namespace stook
