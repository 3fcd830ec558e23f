// SPDX-License-Identifier: Apache-2.0
// The scalars of JSON: numbers exactly, and the escapes of strings.
#include <charconv>
#include <cstring>

#include "core/api/json.hh"

namespace stook::json {

namespace {

constexpr const char* no_value = "not JSON: a value that is no string, number, true, false or null";
constexpr const char* no_number = "not JSON: a broken number";
constexpr uint64_t exact_integers = uint64_t{1} << 53;
constexpr double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                           1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// What the scan of a number has found.
struct Scan {
  const char* at;
  const char* end;
  uint64_t digits = 0;  // all digits as one number; right while there are at most 18 of them
  size_t count = 0;
  int64_t scale = 0;  // digits behind the point

  /// Steps over digits; false when there is none.
  bool run() {
    const char* from = at;
    while (at < end && is_digit(*at)) {
      digits = digits * 10 + static_cast<uint64_t>(*at - '0');
      at++;
    }
    count += static_cast<size_t>(at - from);
    return at > from;
  }
};

Cell number_text(std::string_view token) {
  Cell cell = Cell::of_text(token);
  cell.is_number = true;
  return cell;
}

Cell integer(std::string_view token, bool is_negative, const Scan& scan) {
  if (scan.count <= 18) {
    auto value = static_cast<int64_t>(scan.digits);
    if (is_negative && value == 0) {
      return Cell::of_real(-0.0);
    }
    return Cell::of_integer(is_negative ? -value : value);
  }
  uint64_t value = 0;
  const char* begin = token.data() + (is_negative ? 1 : 0);
  if (std::from_chars(begin, token.data() + token.size(), value).ec != std::errc()) {
    return number_text(token);
  }
  constexpr uint64_t least = uint64_t{1} << 63;
  if (is_negative) {
    return value <= least ? Cell::of_integer(static_cast<int64_t>(0 - value)) : number_text(token);
  }
  return value < least ? Cell::of_integer(static_cast<int64_t>(value)) : Cell::of_unsigned(value);
}

Cell real(std::string_view token, bool is_negative, const Scan& scan, bool has_exponent) {
  // Both are exact as doubles, so that the quotient is rounded once: Clinger 1990.
  if (!has_exponent && scan.count <= 18 && scan.digits <= exact_integers && scan.scale <= 22) {
    double value = static_cast<double>(scan.digits) / tens[scan.scale];
    return Cell::of_real(is_negative ? -value : value);
  }
  double value = 0;
  auto read = std::from_chars(token.data(), token.data() + token.size(), value);
  return read.ec == std::errc() ? Cell::of_real(value) : number_text(token);
}

const char* read_number(std::string_view token, Cell& cell) {
  Scan scan{token.data(), token.data() + token.size()};
  bool is_negative = token[0] == '-';
  scan.at += is_negative ? 1 : 0;
  const char* first = scan.at;
  if (!scan.run() || (*first == '0' && scan.at - first > 1)) {
    return no_number;
  }
  if (token.size() > JsonReader::max_digits) {
    size_t digits = 0;
    for (char c : token) {
      digits += is_digit(c) ? 1 : 0;
    }
    if (digits > JsonReader::max_digits) {
      return "not JSON: a number of more than 4096 digits";
    }
  }
  if (scan.at == scan.end) {
    cell = integer(token, is_negative, scan);
    return nullptr;
  }
  if (*scan.at == '.') {
    const char* point = scan.at++;
    if (!scan.run()) {
      return no_number;
    }
    scan.scale = scan.at - point - 1;
  }
  Scan mantissa = scan;
  bool has_exponent = scan.at < scan.end && (*scan.at | 0x20) == 'e';
  if (has_exponent) {
    scan.at++;
    scan.at += scan.at < scan.end && (*scan.at == '+' || *scan.at == '-') ? 1 : 0;
    if (!scan.run()) {
      return no_number;
    }
  }
  if (scan.at != scan.end) {
    return no_number;
  }
  cell = real(token, is_negative, mantissa, has_exponent);
  return nullptr;
}

int hex_digit(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The four hex digits at `at`, or -1.
int32_t unit(const char* at, const char* end) {
  if (end - at < 4) {
    return -1;
  }
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(at[i]);
    if (digit < 0) {
      return -1;
    }
    value = value << 4 | digit;
  }
  return value;
}

char* put_utf8(char* to, int32_t point) {
  const auto byte = [](int32_t bits) { return static_cast<char>(bits); };
  if (point < 0x80) {
    *to++ = byte(point);
  } else if (point < 0x800) {
    *to++ = byte(0xc0 | point >> 6);
    *to++ = byte(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    *to++ = byte(0xe0 | point >> 12);
    *to++ = byte(0x80 | (point >> 6 & 0x3f));
    *to++ = byte(0x80 | (point & 0x3f));
  } else {
    *to++ = byte(0xf0 | point >> 18);
    *to++ = byte(0x80 | (point >> 12 & 0x3f));
    *to++ = byte(0x80 | (point >> 6 & 0x3f));
    *to++ = byte(0x80 | (point & 0x3f));
  }
  return to;
}

/// The character of `\uXXXX`, with its second half where it is a surrogate; `at` is behind the `u` and moves on.
/// Negative: no four hex digits.
int32_t take_point(const char*& at, const char* end) {
  constexpr int32_t replacement = 0xfffd;
  int32_t high = unit(at, end);
  if (high < 0) {
    return high;
  }
  at += 4;
  if (high < 0xd800 || high > 0xdfff) {
    return high;
  }
  if (high > 0xdbff || end - at < 6 || at[0] != '\\' || at[1] != 'u') {
    return replacement;
  }
  int32_t low = unit(at + 2, end);
  if (low < 0xdc00 || low > 0xdfff) {
    return replacement;
  }
  at += 6;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/// What a backslash and this letter stand for; 0: nothing.
char plain_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

const char* read_plain(std::string_view token, Cell& cell) {
  if (!token.empty() && (token[0] == '-' || is_digit(token[0]))) {
    return read_number(token, cell);
  }
  if (token == "true" || token == "false") {
    cell = Cell::of_boolean(token.size() == 4);
    return nullptr;
  }
  if (token == "null") {
    cell = Cell::of_null();
    return nullptr;
  }
  return no_value;
}

char* unescape(char* to, std::string_view raw) {
  const char* at = raw.data();
  const char* end = at + raw.size();
  while (at < end) {
    const auto* slash = static_cast<const char*>(std::memchr(at, '\\', static_cast<size_t>(end - at)));
    size_t plain = static_cast<size_t>((slash == nullptr ? end : slash) - at);
    std::memcpy(to, at, plain);
    to += plain;
    if (slash == nullptr) {
      return to;
    }
    at = slash + 1;
    if (at == end) {
      return nullptr;
    }
    if (*at == 'u') {
      at++;
      int32_t point = take_point(at, end);
      if (point < 0) {
        return nullptr;
      }
      to = put_utf8(to, point);
      continue;
    }
    *to = plain_escape(*at++);
    if (*to++ == 0) {
      return nullptr;
    }
  }
  return to;
}

}  // namespace stook::json
