// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Grok: regular expressions made of patterns with names, `%{IP:client} %{NUMBER:bytes:int}`. What `stook.grok` and
/// the filter `grok` share.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/regex.hh"
#include "core/data/type.hh"

namespace stook {

/// What a part of the expression is kept as.
struct GrokField {
  std::string name;
  Type type = Type::Text;
  /// The group that has it, once the expression is compiled.
  int number = 0;
};

/// Patterns that a user defines, by name; of two with one name the later one holds. They come before the known ones.
class GrokShelf {
 public:
  void add(std::string_view name, std::string_view pattern);
  /// Adds the patterns of a text: on each line a name, blanks, a pattern. Lines that begin with # and empty ones are none.
  /// Throws std::invalid_argument with the line's number.
  void read(std::string_view text);
  /// Throws std::invalid_argument when there is no such pattern; `remedy` is what may define one.
  std::string_view find(std::string_view name) const;
  std::string remedy = "define it";

 private:
  std::vector<std::pair<std::string, std::string>> own_;
};

/// A pattern as a regular expression, whose groups `stook_1`, `stook_2`, … are its fields.
struct GrokExpression {
  /// The most bytes of an expression.
  static constexpr size_t longest = 16 * 1024;
  /// Throws std::invalid_argument: unknown names and types, a pattern that refers to itself, an expression too long.
  GrokExpression(std::string_view pattern, const GrokShelf& shelf);
  /// Says of each field which group has it; named groups that the pattern has itself are fields, too.
  void number(const Regex& regex);

  std::string text;
  std::vector<GrokField> fields;

 private:
  void add(std::string_view pattern, const GrokShelf& shelf);
  void add_named(std::string_view inside, const GrokShelf& shelf);
  std::vector<std::string_view> within_;  // the names of the patterns that are being put in
};

}  // namespace stook
