// SPDX-License-Identifier: Apache-2.0
#include "core/api/option.hh"

#include <vector>

namespace stook::detail {

namespace {
std::string show_number(const Option& option, double number) {
  switch (option.kind) {
    case OptionKind::Size:
      return show_size(static_cast<uint64_t>(number));
    case OptionKind::Duration:
      return show_duration(static_cast<int64_t>(number));
    case OptionKind::Integer:
      return std::to_string(static_cast<int64_t>(number));
    default:
      return std::to_string(number);
  }
}
}  // namespace

std::string out_of_range(const Option& option) {
  bool has_least = option.range.least > -1e300;
  bool has_most = option.range.most < 1e300;
  if (has_least && has_most) {
    return "out of range; it takes " + show_number(option, option.range.least) + " to " +
           show_number(option, option.range.most);
  }
  return has_least ? "too small; it takes at least " + show_number(option, option.range.least)
                   : "too large; it takes at most " + show_number(option, option.range.most);
}

bool find_choice(std::string_view text, const Option& option, size_t& index, std::string& why) {
  for (size_t i = 0; i < option.choices.size(); i++) {
    if (equal_in_any_case(option.choices[i], text)) {
      index = i;
      return true;
    }
  }
  why = "not one of its choices; it takes ";
  for (size_t i = 0; i < option.choices.size(); i++) {
    why += i == 0 ? "" : i + 1 == option.choices.size() ? " or " : ", ";
    why += option.choices[i];
  }
  return false;
}

}  // namespace stook::detail
