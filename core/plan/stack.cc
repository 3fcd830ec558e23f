// SPDX-License-Identifier: Apache-2.0
#include "core/plan/stack.hh"

#include <algorithm>

#include "core/base/text.hh"
#include "core/plan/ini.hh"

namespace stook {

namespace {
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_name(c); });
}

// The offset of the `=` of `name = value`, or npos when the piece is no pair: `a == b` and `a =~ b` are none.
size_t pair_sign(std::string_view piece) {
  size_t end = 0;
  while (end < piece.size() && is_name(piece[end])) {
    end++;
  }
  size_t sign = piece.find_first_not_of(" \t", end);
  bool is_pair = end > 0 && (piece[0] < '0' || piece[0] > '9') && sign != std::string_view::npos &&
                 piece[sign] == '=' && (sign + 1 == piece.size() || (piece[sign + 1] != '=' && piece[sign + 1] != '~'));
  return is_pair ? sign : std::string_view::npos;
}

void parse_arguments(std::string_view text, size_t base, ElementText& element) {
  for (std::string_view piece : split_list(text)) {
    ElementText::Argument argument;
    argument.offset = base + static_cast<size_t>(piece.data() - text.data());
    size_t sign = pair_sign(piece);
    std::string_view value = piece;
    if (sign != std::string_view::npos) {
      argument.name = trim(piece.substr(0, sign));
      value = trim(piece.substr(sign + 1));
    } else if (!element.arguments.empty() && !element.arguments.back().name.empty()) {
      element.error = "'" + printable(mask_secrets(piece), 64) + "' is no option";
      element.hint = "behind the first name = value all are written so";
    }
    argument.length = argument.name.empty() ? piece.size() : argument.name.size();
    argument.value_offset = base + static_cast<size_t>(value.data() - text.data());
    argument.value_length = value.size();
    argument.value = value;
    argument.text = piece;
    take_quotes(argument.value, argument.is_verbatim);
    element.arguments.push_back(std::move(argument));
  }
}

ElementText parse_element(std::string_view piece, size_t base) {
  ElementText element;
  element.offset = base;
  element.length = piece.size();
  size_t open = piece.find('(');
  std::string_view head = trim(piece.substr(0, open));
  size_t colon = head.find(':');
  if (colon != std::string_view::npos) {
    element.id = trim(head.substr(0, colon));
    element.name = trim(head.substr(colon + 1));
  } else {
    element.name = head;
  }
  if (piece.empty()) {
    element.error = "an element is missing";
    element.hint = "elements stand between commas: id:PLUGIN, PLUGIN or id";
  } else if (!is_name(element.name) || (colon != std::string_view::npos && !is_name(element.id))) {
    element.error = "'" + printable(mask_secrets(piece), 64) + "' is no element";
    element.hint = "an element is written id:PLUGIN, PLUGIN or id, with options in parentheses";
  } else if (open != std::string_view::npos && piece.back() != ')') {
    element.error = "'" + printable(mask_secrets(piece), 64) + "' has no ')' at its end";
    element.hint = "options stand in parentheses, as in keep(status >= 500)";
  } else if (open != std::string_view::npos) {
    parse_arguments(piece.substr(open + 1, piece.size() - open - 2), base + open + 1, element);
  }
  return element;
}
}  // namespace

std::vector<ElementText> parse_stack(std::string_view text) {
  std::vector<ElementText> elements;
  for (std::string_view piece : split_list(text)) {
    elements.push_back(parse_element(piece, static_cast<size_t>(piece.data() - text.data())));
  }
  return elements;
}

}  // namespace stook
