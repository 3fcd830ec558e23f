// SPDX-License-Identifier: Apache-2.0
/// Floor 2. The leaves of expressions: keys, constants, lists and regular expressions, put into the Expression as they
/// are read.
#pragma once

#include <string>
#include <string_view>

#include "core/api/expression.hh"
#include "core/api/expression_text.hh"

namespace stook {

/// Holds the word at hand and the one behind it. Everything here throws as Expression's constructor does.
class LeafReader {
 protected:
  LeafReader(std::string_view text, Expression& out) : words_(text), out_(out) {
    take();
    take();
  }

  Word take();
  void expect(std::string_view sign);
  Expression::Operand operand();
  Expression::Operand key(bool is_optional);
  Expression::Operand text_literal();
  Expression::Operand list();
  Expression::Operand regex();

  WordReader words_;
  Expression& out_;
  Word word_;
  Word ahead_;

 private:
  Expression::Operand literal();
  std::string_view keep(std::string text);
  Cell address(std::string_view text);
};

/// The word as messages name it.
std::string shown(const Word& word);

}  // namespace stook
