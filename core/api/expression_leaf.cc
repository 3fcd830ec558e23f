// SPDX-License-Identifier: Apache-2.0
#include "core/api/expression_leaf.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

#include "core/api/literal.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
constexpr std::string_view reserved[] = {"and", "or", "not", "in"};
}  // namespace

std::string shown(const Word& word) {
  return word.kind == Word::Kind::End ? "the end" : printable(word.text, 40);
}

Word LeafReader::take() {
  Word taken = word_;
  word_ = ahead_;
  ahead_ = words_.next();
  return taken;
}

void LeafReader::expect(std::string_view sign) {
  if (!word_.is_sign(sign)) {
    refuse_expression(word_.place, "unexpected " + shown(word_) + "; " + std::string(sign) + " would be right");
  }
  take();
}

Expression::Operand LeafReader::operand() {
  Cell cell{};
  if (word_.kind == Word::Kind::Text || word_.kind == Word::Kind::Number ||
      (word_.kind == Word::Kind::Name && read_literal(word_.text, cell))) {
    return literal();
  }
  return key(false);
}

Expression::Operand LeafReader::key(bool is_optional) {
  bool is_reserved = word_.kind == Word::Kind::Name &&
                     std::find(std::begin(reserved), std::end(reserved), word_.text) != std::end(reserved);
  if (!word_.is_key() || is_reserved || word_.text.empty()) {
    refuse_expression(word_.place, "unexpected " + shown(word_) + "; a key would be right" +
                                       (is_reserved ? ", in `backquotes` if it is called so" : ""));
  }
  std::string name(take().text);
  auto known = std::find(out_.keys_.begin(), out_.keys_.end(), name);
  auto place = static_cast<size_t>(known - out_.keys_.begin());
  if (known == out_.keys_.end()) {
    out_.keys_.push_back(name);
    out_.is_optional_.push_back(false);
  }
  out_.is_optional_[place] = out_.is_optional_[place] || is_optional;
  return {true, static_cast<uint32_t>(place), 1};
}

Expression::Operand LeafReader::literal() {
  Word word = take();
  Expression::Literal literal{Cell::of_null(), Cell::of_null()};
  if (word.kind == Word::Kind::Text) {
    literal.cell = Cell::of_text(keep(unquoted(word)));
    literal.address = address(literal.cell.bytes());
  } else if (!read_literal(keep(std::string(word.text)), literal.cell)) {
    refuse_expression(word.place,
                      shown(word) + " is no constant; numbers like -1.5, \"text\", true, false and null are");
  }
  out_.literals_.push_back(literal);
  return {false, static_cast<uint32_t>(out_.literals_.size() - 1), 1};
}

Expression::Operand LeafReader::text_literal() {
  if (word_.kind != Word::Kind::Text) {
    refuse_expression(word_.place, "unexpected " + shown(word_) + "; a text in quotes would be right");
  }
  return literal();
}

Expression::Operand LeafReader::list() {
  expect("(");
  Expression::Operand all = literal();
  while (word_.is_sign(",")) {
    take();
    literal();
    all.count++;
  }
  expect(")");
  return all;
}

Expression::Operand LeafReader::regex() {
  if (word_.kind != Word::Kind::Text) {
    refuse_expression(word_.place, "unexpected " + shown(word_) + "; a regular expression in quotes would be right");
  }
  Word word = take();
  try {
    out_.regexes_.emplace_back(unquoted_regex(word));
  } catch (const std::invalid_argument& error) {
    refuse_expression(word.place, error.what());
  }
  return {false, static_cast<uint32_t>(out_.regexes_.size() - 1), 1};
}

std::string_view LeafReader::keep(std::string text) {
  out_.texts_.push_back(std::make_unique<std::string>(std::move(text)));
  return *out_.texts_.back();
}

Cell LeafReader::address(std::string_view text) {
  char bytes[16];
  std::string terminated(text);
  if (inet_pton(AF_INET, terminated.c_str(), bytes) == 1) {
    return Cell::of_slice(Type::Address, keep(std::string(bytes, 4)));
  }
  if (inet_pton(AF_INET6, terminated.c_str(), bytes) == 1) {
    return Cell::of_slice(Type::Address, keep(std::string(bytes, 16)));
  }
  return Cell::of_null();
}

}  // namespace stook
