// SPDX-License-Identifier: Apache-2.0
#include "core/plan/agent_match.hh"

#include <cctype>

namespace stook {

namespace {
// One item of the pattern, from `at` on, as a glob of one character. Empty: there is none.
std::string item_at(std::string_view match, size_t& at) {
  char c = match[at++];
  if (c == '.') {
    return "?";
  }
  if (c == '[') {
    size_t end = match.find(']', at + 1);
    std::string_view set = end == std::string_view::npos ? std::string_view() : match.substr(at, end - at);
    if (set.empty() || set.find('%') != std::string_view::npos) {
      return {};
    }
    at = end + 1;
    return "[" + std::string(set[0] == '^' ? "!" : "") + std::string(set.substr(set[0] == '^' ? 1 : 0)) + "]";
  }
  if (c == '%') {
    char next = at < match.size() ? match[at++] : 0;
    if (next == 'd') {
      return "[0-9]";
    }
    if (next == 'a') {
      return "[A-Za-z]";
    }
    if (next == 'w') {
      return "[A-Za-z0-9]";
    }
    bool is_plain = next != 0 && std::ispunct(static_cast<unsigned char>(next)) != 0;
    return !is_plain                                                      ? std::string()
           : std::string_view("*?[").find(next) == std::string_view::npos ? std::string(1, next)
                                                                          : "[" + std::string(1, next) + "]";
  }
  return std::string_view("()*+-?$^").find(c) == std::string_view::npos ? std::string(1, c) : std::string();
}
}  // namespace

bool glob_of_match(std::string_view match, std::string& glob, std::string& why) {
  bool is_begin = !match.empty() && match.front() == '^';
  size_t signs = 0;  // an even number of % before the last $: it ends the pattern
  while (signs + 1 < match.size() && match[match.size() - 2 - signs] == '%') {
    signs++;
  }
  bool is_end = match.size() > 1 && match.back() == '$' && signs % 2 == 0;
  std::string_view inner = match.substr(is_begin ? 1 : 0, match.size() - (is_begin ? 1 : 0) - (is_end ? 1 : 0));
  glob = is_begin ? "" : "*";
  for (size_t at = 0; at < inner.size();) {
    std::string item = item_at(inner, at);
    char sign = at < inner.size() ? inner[at] : 0;
    bool is_repeated = sign == '*' || sign == '+' || sign == '-' || sign == '?';
    if (item.empty() || (is_repeated && item != "?") || sign == '?') {
      why = "'" + std::string(match) +
            "' cannot be looked for; it takes a pattern of Lua with literals, %., %d, %a, %w, sets, and .* or .+ for "
            "what repeats";
      return false;
    }
    glob += is_repeated ? (sign == '+' ? "?*" : "*") : item;
    at += is_repeated ? 1 : 0;
  }
  glob += is_end ? "" : "*";
  for (size_t twice = glob.find("**"); twice != std::string::npos; twice = glob.find("**")) {
    glob.erase(twice, 1);
  }
  return true;
}

}  // namespace stook
