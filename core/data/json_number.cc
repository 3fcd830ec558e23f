// SPDX-License-Identifier: Apache-2.0
#include "core/data/json_number.hh"

#include <charconv>

namespace stook::json {

namespace {

constexpr const char* no_value = "not JSON: a value that is no string, number, true, false or null";
constexpr const char* no_number = "not JSON: a broken number";
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
  if (token.size() > max_digits) {
    size_t digits = 0;
    for (char c : token) {
      digits += is_digit(c) ? 1 : 0;
    }
    if (digits > max_digits) {
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

}  // namespace

const char* read_plain(std::string_view token, Cell& cell) {
  if (!token.empty() && (token[0] == '-' || is_digit(token[0]))) {
    return read_number(token, cell);
  }
  return read_word(token, cell) ? nullptr : no_value;
}

}  // namespace stook::json
