// SPDX-License-Identifier: Apache-2.0
/// Floor 2. An expression's text in words: what the parser of expression.cc reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stook {

/// One word of an expression and where it begins, counted from 0.
struct Word {
  enum class Kind : uint8_t { End, Name, Backquoted, Text, Number, Sign };
  Kind kind = Kind::End;
  size_t place = 0;
  /// As it stands in the text, without its quotes.
  std::string_view text;
  char quote = 0;

  bool is_sign(std::string_view sign) const { return kind == Kind::Sign && text == sign; }
  bool is_name(std::string_view name) const { return kind == Kind::Name && text == name; }
  bool is_key() const { return kind == Kind::Name || kind == Kind::Backquoted; }
};

/// Gives the words from left to right. Throws std::invalid_argument on what is none.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}
  Word next();

 private:
  Word quoted(char quote);
  Word sign();
  std::string_view text_;
  size_t at_ = 0;
};

/// Throws std::invalid_argument: `at character N: ` and the sentence.
[[noreturn]] void refuse_expression(size_t place, const std::string& sentence);

/// The characters that a quoted word stands for.
std::string unquoted(const Word& word);
/// A quoted word as a regular expression: only its quote has lost its backslash.
std::string unquoted_regex(const Word& word);

}  // namespace stook
