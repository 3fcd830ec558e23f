// SPDX-License-Identifier: Apache-2.0
//
// The reading half of access.hh: one walk over the line from left to right.

#include "access.hh"
#include "text.hh"

namespace limit {

namespace {

/// A place in a line. After a step that did not find what it wants, `is_good` is false and the rest does nothing.
struct Walk {
  const char* at;
  const char* end;
  bool is_good = true;
  bool is_escaped = false;

  /// The text up to the next `stop`, which is stepped over.
  std::string_view until(char stop) {
    const char* hit = find_byte(at, end, stop);
    if (hit == end) {
      is_good = false;
      return {};
    }
    const std::string_view text(at, static_cast<size_t>(hit - at));
    at = hit + 1;
    return text;
  }

  /// Steps over one known character.
  void expect(char wanted) {
    if (at < end && *at == wanted) {
      ++at;
    } else {
      is_good = false;
    }
  }

  /// The text of a field in quotes; `is_escaped` becomes whether backslashes are in it.
  std::string_view quoted() {
    expect('"');
    is_escaped = false;
    for (const char* seek = at;;) {
      const char* hit = find_either(seek, end, '"', '\\');
      if (hit == end) {
        is_good = false;
        return {};
      }
      if (*hit == '"') {
        const std::string_view text(at, static_cast<size_t>(hit - at));
        at = hit + 1;
        return text;
      }
      is_escaped = true;
      seek = hit + 1 < end ? hit + 2 : end;
    }
  }
};

/// '-' is how the format writes that there is nothing.
std::string_view absent_if_dash(std::string_view text) {
  return text.size() == 1 && text[0] == '-' ? std::string_view() : text;
}

/// The value of a hexadecimal digit, or -1.
int hex(char digit) {
  const int lower = digit | 0x20;
  return digit >= '0' && digit <= '9' ? digit - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Two digits, or a negative number.
int two(const char* from) {
  const unsigned tens = static_cast<unsigned char>(from[0]) - unsigned{'0'};
  const unsigned ones = static_cast<unsigned char>(from[1]) - unsigned{'0'};
  return tens > 9 || ones > 9 ? -1000 : static_cast<int>(tens * 10 + ones);
}

/// Three letters as one number.
constexpr unsigned packed(const char* from) {
  return static_cast<unsigned char>(from[0]) | unsigned{static_cast<unsigned char>(from[1])} << 8 |
         unsigned{static_cast<unsigned char>(from[2])} << 16;
}

/// The month of its English abbreviation, 1 to 12, or 0.
int month_of(const char* from) {
  switch (packed(from)) {
    case packed("Jan"):
      return 1;
    case packed("Feb"):
      return 2;
    case packed("Mar"):
      return 3;
    case packed("Apr"):
      return 4;
    case packed("May"):
      return 5;
    case packed("Jun"):
      return 6;
    case packed("Jul"):
      return 7;
    case packed("Aug"):
      return 8;
    case packed("Sep"):
      return 9;
    case packed("Oct"):
      return 10;
    case packed("Nov"):
      return 11;
    case packed("Dec"):
      return 12;
    default:
      return 0;
  }
}

/// Days since 1970-01-01 in the Gregorian calendar. REQUIRES: year > 0.
int64_t days_of(int year, int month, int day) {
  const int shifted = month <= 2 ? year - 1 : year;
  const int era = shifted / 400;
  const int year_of_era = shifted % 400;
  const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return int64_t{era} * 146097 + day_of_era - 719468;
}

}  // namespace

int64_t parse_digits(std::string_view text) {
  if (text.empty() || text.size() > 18) {
    return -1;
  }
  int64_t value = 0;
  for (const char character : text) {
    const unsigned digit = static_cast<unsigned char>(character) - unsigned{'0'};
    if (digit > 9) {
      return -1;
    }
    value = value * 10 + digit;
  }
  return value;
}

int64_t parse_time(std::string_view text) {
  if (text.size() != 26 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[14] != ':' || text[17] != ':' ||
      text[20] != ' ' || (text[21] != '+' && text[21] != '-')) {
    return NO_TIME;
  }
  const char* from = text.data();
  const int day = two(from);
  const int month = month_of(from + 3);
  const int year = two(from + 7) * 100 + two(from + 9);
  const int hour = two(from + 12);
  const int minute = two(from + 15);
  const int second = two(from + 18);
  const int zone_hour = two(from + 22);
  const int zone_minute = two(from + 24);
  if ((day | hour | minute | second | zone_hour | zone_minute) < 0 || year < 1970 || year > 2261 || month == 0 ||
      day == 0 || day > 31 || hour > 23 || minute > 59 || second > 60 || zone_minute > 59) {
    return NO_TIME;
  }
  const int zone = (zone_hour * 60 + zone_minute) * (text[21] == '-' ? -60 : 60);
  const int64_t days = days_of(year, month, day);
  return (days * 86400 + hour * 3600 + minute * 60 + second - zone) * 1'000'000'000;
}

/// Copies a text with its escapes undone. What is no known escape stays as it is.
std::string_view AccessParser::undo(std::string_view text) {
  constexpr std::string_view letters = "\"\\ntrbfv";
  constexpr std::string_view bytes = "\"\\\n\t\r\b\f\v";
  char* const start = plain_.get() + used_;
  char* to = start;
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t left = text.size() - at;
    if (text[at] == '\\' && left >= 2) {
      const size_t letter = letters.find(text[at + 1]);
      if (letter != std::string_view::npos) {
        *to++ = bytes[letter];
        ++at;
        continue;
      }
      const int high = text[at + 1] == 'x' && left >= 4 ? hex(text[at + 2]) : -1;
      const int low = high >= 0 ? hex(text[at + 3]) : -1;
      if (low >= 0) {
        *to++ = static_cast<char>(high * 16 + low);
        at += 3;
        continue;
      }
    }
    *to++ = text[at];
  }
  used_ = static_cast<size_t>(to - plain_.get());
  return {start, static_cast<size_t>(to - start)};
}

Access AccessParser::parse(std::string_view line) {
  if (capacity_ < line.size()) {
    capacity_ = 2 * line.size();
    plain_ = std::make_unique<char[]>(capacity_ + MARGIN);
  }
  used_ = 0;
  Access row;
  Walk walk{line.data(), line.data() + line.size()};
  const auto quoted = [this, &walk] {
    const std::string_view text = walk.quoted();
    return walk.is_escaped ? undo(text) : absent_if_dash(text);
  };
  row.remote_addr = walk.until(' ');
  walk.until(' ');
  row.remote_user = absent_if_dash(walk.until(' '));
  if (has(row.remote_user) && row.remote_user.find('\\') != std::string_view::npos) {
    row.remote_user = undo(row.remote_user);
  }
  walk.expect('[');
  row.time_local = walk.until(']');
  walk.expect(' ');
  const std::string_view request = quoted();
  walk.expect(' ');
  row.status = parse_digits(walk.until(' '));
  const std::string_view bytes = absent_if_dash(walk.until(' '));
  row.http_referer = quoted();
  walk.expect(' ');
  row.http_user_agent = quoted();
  const size_t first = request.find(' ');
  const size_t last = request.rfind(' ');
  if (!walk.is_good || walk.at != walk.end || first == last) {
    return row;
  }
  row.method = request.substr(0, first);
  row.path = request.substr(first + 1, last - first - 1);
  row.protocol = request.substr(last + 1);
  row.time = parse_time(row.time_local);
  row.has_bytes = has(bytes);
  row.body_bytes_sent = row.has_bytes ? parse_digits(bytes) : 0;
  row.is_valid = row.time != NO_TIME && row.status >= 0 && row.body_bytes_sent >= 0;
  return row;
}

}  // namespace limit
