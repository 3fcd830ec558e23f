// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hh"

#include <algorithm>
#include <cstdio>

namespace stook {

namespace {
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
char lower_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Optimal string alignment: the distance in inserted, deleted, replaced letters and exchanged neighbours.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> older(b.size() + 1);
  std::vector<size_t> old(b.size() + 1);
  std::vector<size_t> now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) {
    old[j] = j;
  }
  for (size_t i = 1; i <= a.size(); i++) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      size_t cost = lower_letter(a[i - 1]) == lower_letter(b[j - 1]) ? 0 : 1;
      now[j] = std::min({old[j] + 1, now[j - 1] + 1, old[j - 1] + cost});
      if (i > 1 && j > 1 && lower_letter(a[i - 1]) == lower_letter(b[j - 2]) &&
          lower_letter(a[i - 2]) == lower_letter(b[j - 1])) {
        now[j] = std::min(now[j], older[j - 2] + 1);
      }
    }
    older.swap(old);
    old.swap(now);
  }
  return old[b.size()];
}

// A number with up to two decimals, none of them a trailing zero.
std::string show_decimal(double value) {
  char buffer[48];
  int size = std::snprintf(buffer, sizeof buffer, "%.2f", value);
  while (size > 0 && buffer[size - 1] == '0') {
    size--;
  }
  if (size > 0 && buffer[size - 1] == '.') {
    size--;
  }
  return {buffer, static_cast<size_t>(size)};
}
}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::vector<std::string_view> split_list(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  if (trim(text).empty()) {
    return pieces;
  }
  size_t begin = 0;
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (quote != 0) {
      if (c == '\\' && quote == '"') {
        i++;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == separator && depth == 0) {
      pieces.push_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      depth++;
    } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
      depth--;
    }
  }
  pieces.push_back(trim(text.substr(begin)));
  return pieces;
}

std::string_view take_part(std::string_view& rest, char separator) {
  size_t end = std::min(rest.find(separator), rest.size());
  std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = lower_letter(c);
  }
  return out;
}

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> known) {
  std::string_view best;
  size_t best_distance = 0;
  if (wrong.size() > 128) {
    return best;
  }
  for (std::string_view name : known) {
    if (name.size() > 128) {
      continue;
    }
    size_t d = distance(wrong, name);
    bool is_near = d * 3 <= std::max(wrong.size(), name.size());
    if (is_near && (best.empty() || d < best_distance)) {
      best = name;
      best_distance = d;
    }
  }
  return best;
}

std::string_view nearest_name(std::string_view wrong, const std::vector<std::string>& known) {
  std::vector<std::string_view> views(known.begin(), known.end());
  return nearest_name(wrong, std::span<const std::string_view>(views));
}

std::string show_size(uint64_t bytes) {
  constexpr const char* units[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    unit++;
  }
  return show_decimal(value) + units[unit];
}

std::string show_duration(int64_t ns) {
  struct Unit {
    int64_t ns;
    const char* name;
  };
  constexpr Unit units[] = {{86'400'000'000'000, " d"}, {3'600'000'000'000, " h"}, {60'000'000'000, " min"},
                            {1'000'000'000, " s"},      {1'000'000, " ms"},        {1'000, " us"}};
  if (ns == 0) {
    return "0";
  }
  for (const Unit& unit : units) {
    if (ns >= unit.ns || ns <= -unit.ns) {
      return show_decimal(static_cast<double>(ns) / static_cast<double>(unit.ns)) + unit.name;
    }
  }
  return std::to_string(ns) + " ns";
}

std::string show_count(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ' ');
  }
  return digits;
}

std::string printable(std::string_view text, size_t limit) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (char c : text.substr(0, limit)) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace stook
