// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. The text of a stack: `in:FILE, parse_json, keep(status >= 500), out:file(path=/tmp/x, format=csv)`.
/// An element is `id:PLUGIN`, `PLUGIN` or `id`, and may carry options in parentheses, split at commas that stand in no
/// quotes and no brackets. `name = value` is a pair; pieces before the first pair that are none are the plugin's
/// primary option. Where that is a list, pairs that name no option are elements of it: `set(site=berlin, level=3)`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// What one element's text says. Offsets count from the head of the stack's text.
struct ElementText {
  /// Before the colon; empty when there is none.
  std::string id;
  /// Behind the colon, or all of it: a plugin or the id of an instance.
  std::string name;
  struct Argument {
    std::string name;  // empty: the primary option
    std::string value;
    std::string text;  // all of the piece as it is written
    bool is_verbatim = false;
    size_t offset = 0;  // of the name, or of a primary option's value
    size_t length = 0;
    size_t value_offset = 0;
    size_t value_length = 0;
  };
  std::vector<Argument> arguments;
  size_t offset = 0;
  size_t length = 0;
  /// What is wrong with the text, and what would be right; empty when all is well.
  std::string error;
  std::string hint;
};

/// The elements of a stack. Never throws: what is wrong stands in the element.
std::vector<ElementText> parse_stack(std::string_view text);

}  // namespace stook
