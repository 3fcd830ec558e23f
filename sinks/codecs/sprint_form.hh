// SPDX-License-Identifier: Apache-2.0
/// The language of SPRINT's `form`. Pure.
///
/// | in a form | is |
/// |---|---|
/// | `<key>` | the key's value; `<>` where a row has none |
/// | `<a>+<b>` | the sum of two or more numbers |
/// | `(x\|y\|z)` | the first of these, each made of text and keys, all of whose keys a row has; `()` where there is none |
/// | `\n` `\t` `\\` `\<` `\>` `\(` `\)` `\\|` `\+` | newline, tab, and these characters |
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// A piece of a form: text, or a key, or several keys whose numbers are added up.
struct SprintPiece {
  std::string text;
  std::vector<size_t> keys;  // places in SprintForm::keys; empty: it is text
};

/// Pieces of which one stands for the other: those of the first alternative all of whose keys are there.
struct SprintGroup {
  std::vector<std::vector<SprintPiece>> alternatives;
  bool is_group = false;  // false: there is one alternative, and each piece stands for itself
};

struct SprintForm {
  std::vector<SprintGroup> groups;
  std::vector<std::string> keys;
};

/// Throws std::invalid_argument with one sentence.
SprintForm read_sprint_form(std::string_view text);

}  // namespace stook
