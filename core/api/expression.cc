// SPDX-License-Identifier: Apache-2.0
// The compiler of expressions: words to a tree by recursive descent, the tree to tests from the last one back, so that
// each test knows the two that may come next.
#include "core/api/expression.hh"

#include <string>
#include <vector>

#include "core/api/expression_leaf.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr int max_nesting = 64;
constexpr size_t max_tests = 4096;

struct Node {
  enum class Kind : uint8_t { And, Or, Not, Test };
  Kind kind;
  std::vector<size_t> parts;
  Expression::Test test;
};

struct Comparison {
  std::string_view sign;
  Expression::Op op;
  bool is_negated;
  bool is_swapped;
};
constexpr Comparison comparisons[] = {
    {"==", Expression::Op::Equal, false, false}, {"!=", Expression::Op::Equal, true, false},
    {"<", Expression::Op::Less, false, false},   {"<=", Expression::Op::LessEqual, false, false},
    {">", Expression::Op::Less, false, true},    {">=", Expression::Op::LessEqual, false, true},
};

struct Function {
  std::string_view name;
  Expression::Op op;
  bool is_negated;
  bool has_text;
};
constexpr Function functions[] = {
    {"exists", Expression::Op::Exists, false, false},         {"missing", Expression::Op::Exists, true, false},
    {"starts_with", Expression::Op::StartsWith, false, true}, {"ends_with", Expression::Op::EndsWith, false, true},
    {"contains", Expression::Op::Contains, false, true},
};

}  // namespace

class ExpressionParser : private LeafReader {
 public:
  ExpressionParser(std::string_view text, Expression& out) : LeafReader(text, out) {}

  void run() {
    if (word_.kind == Word::Kind::End) {
      refuse_expression(0, "there is no expression; write one like status >= 500 and path ~ \"^/api\"");
    }
    size_t root = disjunction();
    if (word_.kind != Word::Kind::End) {
      refuse_expression(word_.place, "unexpected " + shown(word_) + "; and, or, or the end would be right");
    }
    out_.start_ = emit(root, Expression::yes, Expression::no);
  }

 private:
  size_t add(Node node) {
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }
  size_t add_test(const Expression::Test& test, bool is_negated) {
    if (++tests_ > max_tests) {
      refuse_expression(word_.place, "too long; an expression has at most 4096 tests");
    }
    size_t node = add({Node::Kind::Test, {}, test});
    return is_negated ? add({Node::Kind::Not, {node}, {}}) : node;
  }

  size_t disjunction() {
    if (++nesting_ > max_nesting) {
      refuse_expression(word_.place, "nested too deep; at most 64 levels would be right");
    }
    Node node{Node::Kind::Or, {conjunction()}, {}};
    while (word_.is_name("or")) {
      take();
      node.parts.push_back(conjunction());
    }
    nesting_--;
    return add(std::move(node));
  }

  size_t conjunction() {
    Node node{Node::Kind::And, {negation()}, {}};
    while (word_.is_name("and")) {
      take();
      node.parts.push_back(negation());
    }
    return add(std::move(node));
  }

  size_t negation() {
    bool is_negated = false;
    while (word_.is_name("not")) {
      take();
      is_negated = !is_negated;
    }
    size_t node = primary();
    return is_negated ? add({Node::Kind::Not, {node}, {}}) : node;
  }

  size_t primary() {
    if (word_.is_sign("(")) {
      take();
      size_t node = disjunction();
      expect(")");
      return node;
    }
    if (word_.kind == Word::Kind::Name && ahead_.is_sign("(")) {
      return function();
    }
    return test();
  }

  size_t function() {
    Word name = take();
    for (const Function& one : functions) {
      if (one.name == name.text) {
        expect("(");
        Expression::Test test{one.op, key(one.op == Expression::Op::Exists), {}};
        if (one.has_text) {
          expect(",");
          test.right = text_literal();
        }
        expect(")");
        return add_test(test, one.is_negated);
      }
    }
    std::vector<std::string> known;
    for (const Function& one : functions) {
      known.emplace_back(one.name);
    }
    std::string_view near = nearest_name(name.text, known);
    refuse_expression(name.place, "there is no function " + shown(name) +
                                      (near.empty() ? "; there are exists, missing, starts_with, ends_with and contains"
                                                    : "; did you mean " + std::string(near) + "?"));
  }

  size_t test() {
    Word first = word_;
    Expression::Operand left = operand();
    for (const Comparison& one : comparisons) {
      if (word_.is_sign(one.sign)) {
        take();
        Expression::Operand right = operand();
        if (!left.is_key && !right.is_key) {
          refuse_expression(first.place, "two constants are compared; one side must be a key");
        }
        return add_test({one.op, one.is_swapped ? right : left, one.is_swapped ? left : right}, one.is_negated);
      }
    }
    if (!left.is_key) {
      refuse_expression(first.place, "a constant alone says nothing; compare it with a key");
    }
    if (word_.is_sign("~") || word_.is_sign("!~")) {
      bool is_negated = take().text == "!~";
      return add_test({Expression::Op::Matches, left, regex()}, is_negated);
    }
    if (word_.is_name("in") || (word_.is_name("not") && ahead_.is_name("in"))) {
      bool is_negated = take().text == "not";
      if (is_negated) {
        take();
      }
      return add_test({Expression::Op::In, left, list()}, is_negated);
    }
    return add_test({Expression::Op::IsTrue, left, {}}, false);
  }

  /// Writes the tests of a node, whose outcome leads to `yes` or `no`; gives the first of them.
  int32_t emit(size_t which, int32_t yes, int32_t no) {
    const Node& node = nodes_[which];
    if (node.kind == Node::Kind::Test) {
      out_.tests_.push_back(node.test);
      out_.tests_.back().if_true = yes;
      out_.tests_.back().if_false = no;
      return static_cast<int32_t>(out_.tests_.size() - 1);
    }
    if (node.kind == Node::Kind::Not) {
      return emit(node.parts[0], no, yes);
    }
    bool is_and = node.kind == Node::Kind::And;
    int32_t next = is_and ? yes : no;
    for (size_t i = node.parts.size(); i-- > 0;) {
      next = is_and ? emit(node.parts[i], next, no) : emit(node.parts[i], yes, next);
    }
    return next;
  }

  std::vector<Node> nodes_;
  size_t tests_ = 0;
  int nesting_ = 0;
};

Expression::Expression(std::string_view text) {
  ExpressionParser(text, *this).run();
}

}  // namespace stook
