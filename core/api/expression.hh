// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Expressions over the keys of a row: `status >= 500 and path ~ "^/api"`.
///
///   expression  = conjunction { "or" conjunction }
///   conjunction = negation { "and" negation }
///   negation    = "not" negation | "(" expression ")" | test
///   test        = operand ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) operand
///               | key ( "~" | "!~" ) string                     regular expression, searched in text and bytes
///               | key [ "not" ] "in" "(" literal { "," literal } ")"
///               | ( "exists" | "missing" ) "(" key ")"
///               | ( "starts_with" | "ends_with" | "contains" ) "(" key "," string ")"
///               | key                                           true when the value is the boolean true
///   operand     = key | literal
///   literal     = number | string | "true" | "false" | "null"
///   key         = letters, digits, "_", "@", inner "." and "-"; or any name as `name` in backquotes
///
/// Strings stand in "…" or '…' with the escapes \\ \" \' \n \r \t \xNN; in a regular expression all backslashes but the
/// one before its quote belong to the expression.
///
/// Values compare when they are of one kind: numbers with numbers, exactly over integer, unsigned and real; texts and
/// bytes by their bytes; times, booleans and addresses with their own; an address also with a string that is one; null
/// equals null. What does not compare, or is absent, makes each test false, and `!=`, `!~` and `not in` true: they are the
/// negations of `==`, `~` and `in`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/regex.hh"
#include "core/data/batch.hh"

namespace stook {

/// A compiled expression: a flat program of tests, each of which says which test comes next when it holds and when not.
/// Constant once built, shared by the conditions of all workers.
class Expression {
 public:
  /// Throws std::invalid_argument with one sentence that says the position, what is wrong and what would be right.
  explicit Expression(std::string_view text);

  /// The keys it names, in order of first use, each once.
  const std::vector<std::string>& keys() const { return keys_; }
  /// Whether the i-th key is asked for by `exists` or `missing`, so that it need not be known.
  bool is_optional(size_t i) const { return is_optional_[i]; }

  enum class Op : uint8_t { Equal, Less, LessEqual, Matches, In, Exists, StartsWith, EndsWith, Contains, IsTrue };
  /// An operand: a key by its place in keys(), or literals by their places in literals().
  struct Operand {
    bool is_key = false;
    uint32_t first = 0;
    uint32_t count = 1;
  };
  struct Test {
    Op op = Op::Equal;
    Operand left;
    Operand right;  // for Matches: the place in regexes()
    int32_t if_true = 0;
    int32_t if_false = 0;
  };
  /// A constant, with the address it spells when it is a string that does.
  struct Literal {
    Cell cell;
    Cell address;  // Null when there is none
  };
  static constexpr int32_t yes = -1;
  static constexpr int32_t no = -2;

  const std::vector<Test>& tests() const { return tests_; }
  const std::vector<Literal>& literals() const { return literals_; }
  const std::vector<Regex>& regexes() const { return regexes_; }
  int32_t start() const { return start_; }

 private:
  friend class ExpressionParser;
  friend class LeafReader;
  std::vector<std::string> keys_;
  std::vector<bool> is_optional_;
  std::vector<Test> tests_;
  std::vector<Literal> literals_;
  std::vector<Regex> regexes_;
  std::vector<std::unique_ptr<std::string>> texts_;  // what literal cells point into
  int32_t start_ = yes;
};

/// Evaluates an Expression over the rows of a batch. *Rooms:* one replica, one room. Lives no longer than its Expression.
class Condition {
 public:
  explicit Condition(const Expression& expression, MatchLimits limits = {});

  /// Takes the columns of a batch: `ids[i]` is the KeyId of the expression's keys()[i]. To be done for each batch.
  void bind(const Batch& batch, const KeyId* ids);
  /// How the row fares; Limit: a regular expression gave up. Cost: no allocation.
  Matched test(Row row) const;

 private:
  const Expression* expression_;
  std::vector<Matcher> matchers_;
  std::vector<const Column*> columns_;
};

/// How two values compare: negative, 0, positive, or `incomparable`. Exact over the number types.
inline constexpr int incomparable = 2;
int compare_cells(const Cell& a, const Cell& b);

}  // namespace stook
