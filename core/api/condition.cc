// SPDX-License-Identifier: Apache-2.0
// Runs the flat program of an expression over one row after another.
#include "core/api/expression.hh"

namespace stook {

namespace {

using Op = Expression::Op;

bool is_bytes(const Cell& cell) {
  return cell.type == Type::Text || cell.type == Type::Bytes;
}

/// An operand's value in one row; a constant brings the address that it spells along.
struct Value {
  const Cell* cell;  // null when absent
  const Cell* address;
};

int order_of(const Value& a, const Value& b) {
  if (a.cell->type == Type::Integer && b.cell->type == Type::Integer) {
    return a.cell->integer < b.cell->integer ? -1 : a.cell->integer > b.cell->integer ? 1 : 0;
  }
  if (a.cell->type == Type::Address && b.address != nullptr) {
    return compare_cells(*a.cell, *b.address);
  }
  if (b.cell->type == Type::Address && a.address != nullptr) {
    return compare_cells(*a.address, *b.cell);
  }
  return compare_cells(*a.cell, *b.cell);
}

bool holds(Op op, const Value& left, const Value& right) {
  if (op == Op::Equal && left.cell->type == Type::Text && right.cell->type == Type::Text) {
    return left.cell->bytes() == right.cell->bytes() && left.cell->is_number == right.cell->is_number;
  }
  int order = order_of(left, right);
  if (order == incomparable) {
    return false;
  }
  return op == Op::Equal ? order == 0 : op == Op::Less ? order < 0 : order <= 0;
}

bool holds_in_text(Op op, std::string_view text, std::string_view part) {
  switch (op) {
    case Op::StartsWith:
      return text.substr(0, part.size()) == part;
    case Op::EndsWith:
      return text.size() >= part.size() && text.substr(text.size() - part.size()) == part;
    default:
      return text.find(part) != std::string_view::npos;
  }
}

/// Reads operands from the columns and the constants.
class Reader {
 public:
  Reader(const Expression& expression, const std::vector<const Column*>& columns, Row row)
      : expression_(expression), columns_(columns), row_(row) {}

  const Cell* cell(const Expression::Operand& key) const {
    const Column* column = columns_[key.first];
    return column == nullptr ? nullptr : column->find(row_);
  }
  Value literal(size_t place) const {
    const Expression::Literal& literal = expression_.literals()[place];
    return {&literal.cell, literal.address.type == Type::Address ? &literal.address : nullptr};
  }
  Value value(const Expression::Operand& operand) const {
    return operand.is_key ? Value{cell(operand), nullptr} : literal(operand.first);
  }

 private:
  const Expression& expression_;
  const std::vector<const Column*>& columns_;
  Row row_;
};

bool is_in(const Reader& reader, const Expression::Test& test, const Cell& cell) {
  for (uint32_t i = 0; i < test.right.count; i++) {
    if (holds(Op::Equal, {&cell, nullptr}, reader.literal(test.right.first + i))) {
      return true;
    }
  }
  return false;
}

}  // namespace

Condition::Condition(const Expression& expression, MatchLimits limits) : expression_(&expression) {
  matchers_.reserve(expression.regexes().size());
  for (const Regex& regex : expression.regexes()) {
    matchers_.emplace_back(regex, limits);
  }
  columns_.assign(expression.keys().size(), nullptr);
}

void Condition::bind(const Batch& batch, const KeyId* ids) {
  for (size_t i = 0; i < columns_.size(); i++) {
    columns_[i] = batch.read(ids[i]);
  }
}

Matched Condition::test(Row row) const {
  Reader reader(*expression_, columns_, row);
  const Expression::Test* tests = expression_->tests().data();
  int32_t at = expression_->start();
  while (at >= 0) {
    const Expression::Test& test = tests[at];
    Value left = reader.value(test.left);
    bool is_true = false;
    if (left.cell != nullptr) {
      switch (test.op) {
        case Op::Equal:
        case Op::Less:
        case Op::LessEqual: {
          Value right = reader.value(test.right);
          is_true = right.cell != nullptr && holds(test.op, left, right);
          break;
        }
        case Op::Matches:
          if (is_bytes(*left.cell)) {
            Matched matched = matchers_[test.right.first].match(left.cell->bytes());
            if (matched == Matched::Limit) {
              return Matched::Limit;
            }
            is_true = matched == Matched::Yes;
          }
          break;
        case Op::In:
          is_true = is_in(reader, test, *left.cell);
          break;
        case Op::Exists:
          is_true = true;
          break;
        case Op::IsTrue:
          is_true = left.cell->type == Type::Boolean && left.cell->is_truth();
          break;
        default:
          is_true = is_bytes(*left.cell) &&
                    holds_in_text(test.op, left.cell->bytes(), reader.literal(test.right.first).cell->bytes());
      }
    }
    at = is_true ? test.if_true : test.if_false;
  }
  return at == Expression::yes ? Matched::Yes : Matched::No;
}

}  // namespace stook
