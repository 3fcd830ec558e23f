// SPDX-License-Identifier: Apache-2.0
/// The values of options: text to numbers, sizes, durations, booleans and lists.
#include <charconv>
#include <cmath>

#include "core/base/text.hh"

namespace stook {

namespace {
struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit size_units[] = {{"", 1},
                               {"b", 1},
                               {"k", 1 << 10},
                               {"m", 1 << 20},
                               {"g", 1 << 30},
                               {"kb", 1'000},
                               {"mb", 1'000'000},
                               {"gb", 1'000'000'000},
                               {"kib", 1 << 10},
                               {"mib", 1 << 20},
                               {"gib", 1 << 30},
                               {"tb", 1'000'000'000'000},
                               {"tib", uint64_t{1} << 40}};
constexpr Unit time_units[] = {{"ns", 1},
                               {"us", 1'000},
                               {"ms", 1'000'000},
                               {"s", 1'000'000'000},
                               {"m", 60'000'000'000},
                               {"min", 60'000'000'000},
                               {"h", 3'600'000'000'000},
                               {"d", 86'400'000'000'000}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Takes a decimal number with an optional fraction and its unit from the front of the text.
bool take_quantity(std::string_view& text, std::span<const Unit> units, double& value, uint64_t& exact) {
  size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) {
    end++;
  }
  if (end == 0 || end > 40) {
    return false;
  }
  double number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + end, number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + end) {
    return false;
  }
  uint64_t whole = 0;
  auto exactly = std::from_chars(text.data(), text.data() + end, whole);
  bool is_whole = exactly.ec == std::errc() && exactly.ptr == text.data() + end;
  text.remove_prefix(end);
  text = trim(text);
  end = 0;
  while (end < text.size() && is_letter(text[end])) {
    end++;
  }
  for (const Unit& unit : units) {
    if (equal_in_any_case(unit.name, text.substr(0, end))) {
      text = trim(text.substr(end));
      value = number * static_cast<double>(unit.factor);
      if (value > 9.2e18) {
        return false;
      }
      exact = is_whole ? whole * unit.factor : static_cast<uint64_t>(std::llround(value));
      return true;
    }
  }
  return false;
}

template <class T>
bool read_integer(std::string_view text, T& out) {
  text = trim(text);
  int base = 10;
  bool is_negative = !text.empty() && text[0] == '-';
  std::string digits(is_negative ? "-" : "");
  text.remove_prefix(is_negative ? 1 : 0);
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.empty() || text[0] == '-' || text[0] == '+') {
    return false;
  }
  digits += text;
  T value{};
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) {
    return false;
  }
  out = value;
  return true;
}

// The text within one pair of quotes that spans all of it.
std::string_view without_quotes(std::string_view text) {
  bool is_quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front() &&
                   text.substr(1, text.size() - 2).find(text.front()) == std::string_view::npos;
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}
}  // namespace

bool read_value(std::string_view text, bool& out, std::string& why) {
  struct Word {
    std::string_view text;
    bool value;
  };
  constexpr Word words[] = {{"yes", true}, {"true", true},   {"on", true},   {"1", true},
                            {"no", false}, {"false", false}, {"off", false}, {"0", false}};
  for (const Word& word : words) {
    if (equal_in_any_case(word.text, trim(text))) {
      out = word.value;
      return true;
    }
  }
  why = "not a truth value; it takes yes or no";
  return false;
}

bool read_value(std::string_view text, int64_t& out, std::string& why) {
  if (read_integer(text, out)) {
    return true;
  }
  why = "not an integer; it takes digits, or 0x and hex digits, that fit into 64 bits";
  return false;
}

bool read_value(std::string_view text, uint64_t& out, std::string& why) {
  if (read_integer(text, out)) {
    return true;
  }
  why = "not an integer of at least 0; it takes digits, or 0x and hex digits, that fit into 64 bits";
  return false;
}

bool read_value(std::string_view text, double& out, std::string& why) {
  text = trim(text);
  double value = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    why = "not a number; it takes a decimal number, as in 0.5";
    return false;
  }
  out = value;
  return true;
}

bool read_value(std::string_view text, std::string& out, std::string&) {
  out.assign(text);
  return true;
}

bool read_value(std::string_view text, Size& out, std::string& why) {
  std::string_view rest = trim(text);
  double value = 0;
  uint64_t exact = 0;
  if (!take_quantity(rest, size_units, value, exact) || !rest.empty()) {
    why = "not a size; it takes a number and a unit, as in 64MiB or 1.5GB";
    return false;
  }
  out.bytes = exact;
  return true;
}

bool read_value(std::string_view text, Duration& out, std::string& why) {
  std::string_view rest = trim(text);
  uint64_t sum = 0;
  bool is_right = !rest.empty();
  if (rest == "0") {
    rest = {};
  }
  while (is_right && !rest.empty()) {
    double value = 0;
    uint64_t exact = 0;
    is_right = take_quantity(rest, time_units, value, exact) && sum + exact < uint64_t{9'200'000'000'000'000'000};
    sum += exact;
  }
  if (!is_right) {
    why = "not a span of time; it takes a number and a unit, as in 5ms or 1h30m";
    return false;
  }
  out.ns = static_cast<int64_t>(sum);
  return true;
}

bool read_value(std::string_view text, std::vector<std::string>& out, std::string&) {
  for (std::string_view piece : split_list(text)) {
    out.emplace_back(without_quotes(piece));
  }
  return true;
}

}  // namespace stook
