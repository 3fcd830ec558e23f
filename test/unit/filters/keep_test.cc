// SPDX-License-Identifier: Apache-2.0
// keep, and with it the expressions that keep and drop share.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/api/expression.hh"
#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Rig;

namespace {

using Cells = std::vector<std::pair<std::string, Cell>>;

bool kept(const std::string& expression, const Cells& cells) {
  Rig rig(Kind::Filter, "keep", {{"where", expression}});
  rig.row(cells).run();
  return rig.selected().size() == 1;
}

std::string refusal(const std::string& expression) {
  try {
    Expression compiled(expression);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no refusal";
}

const Cells sample = {{"status", Cell::of_integer(502)},
                      {"path", Cell::of_text("/api/v1")},
                      {"big", Cell::of_unsigned(UINT64_MAX)},
                      {"took", Cell::of_real(0.25)},
                      {"cached", Cell::of_boolean(true)},
                      {"nothing", Cell::of_null()},
                      {"ip.saddr", Cell::of_slice(Type::Address, {"\xc0\x00\x02\x01", 4})},
                      {"when", Cell::of_time(5)},
                      {"odd name", Cell::of_text("it's \"odd\"")}};

}  // namespace

TEST_CASE("rows for which the expression is true stay, the others are disposed of") {
  Rig rig(Kind::Filter, "keep", {{"where", "status >= 500 and path ~ \"^/api\""}});
  for (int status : {200, 500, 502, 404}) {
    rig.row({{"status", Cell::of_integer(status)}, {"path", Cell::of_text("/api/v1")}});
  }
  rig.row({{"status", Cell::of_integer(503)}, {"path", Cell::of_text("/")}}).run();
  CHECK(rig.selected() == std::vector<int>{1, 2});
  CHECK(rig.meter().disposed.read() == 3);
  CHECK(rig.faults().empty());
}

TEST_CASE("each form of test says what it should") {
  struct Case {
    const char* expression;
    bool is_true;
  };
  const Case cases[] = {
      {"status == 502", true},
      {"status != 502", false},
      {"status < 502", false},
      {"status <= 502", true},
      {"status > 501", true},
      {"502 <= status", true},
      {"501 > status", false},
      {"status == 502.0", true},
      {"took < 1", true},
      {"took == 0.25", true},
      {"big == 18446744073709551615", true},
      {"big > 9223372036854775807", true},
      {"big < 1e20", true},
      {"path == \"/api/v1\"", true},
      {"path == '/api/v1'", true},
      {"path < \"/b\"", true},
      {"path ~ \"^/api\"", true},
      {"path !~ \"^/api\"", false},
      {R"(path ~ "v\d$")", true},
      {R"(path ~ '\x2fv1')", true},
      {"status in (200, 502)", true},
      {"status in (200, 404)", false},
      {"status not in (200, 404)", true},
      {"path in ('/a', '/api/v1')", true},
      {"exists(status)", true},
      {"missing(status)", false},
      {"exists(nothing)", true},
      {"starts_with(path, \"/api\")", true},
      {"starts_with(path, \"/api/v1/x\")", false},
      {"ends_with(path, 'v1')", true},
      {"contains(path, \"pi/\")", true},
      {"contains(path, \"\")", true},
      {"cached", true},
      {"not cached", false},
      {"cached == true", true},
      {"cached != true", false},
      {"status", false},
      {"nothing == null", true},
      {"path == null", false},
      {"ip.saddr == \"192.0.2.1\"", true},
      {"\"192.0.2.2\" == ip.saddr", false},
      {"ip.saddr < '192.0.2.9'", true},
      {"ip.saddr in ('192.0.2.1')", true},
      {"ip.saddr == '2001:db8::1'", false},
      {"when > 1", false},
      {"when == when", true},
      {R"(`odd name` == "it's \"odd\"")", true},
      {R"(`odd name` == 'it\'s \x22odd\"')", true},
      {"status == big", false},
      {"took < status", true},
      {"not (status < 500 or path ~ 'zz') and not missing(path)", true},
      {"status == 1 or status == 2 and status == 502 or cached", true},
      {"not not cached", true},
      {"status == \"502\"", false},
      {"path == 5", false},
      {"path > 5", false},
      {"path != 5", true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.expression);
    CHECK(kept(one.expression, sample) == one.is_true);
  }
}

TEST_CASE("an absent key makes tests false, and their negations true") {
  Cells other = {{"other", Cell::of_integer(1)}};
  for (const char* text : {"a == 1", "a < 1", "a >= 1", "a ~ 'x'", "a in (1)", "exists(a)", "starts_with(a, '')", "a",
                           "a == null", "a == b"}) {
    CAPTURE(text);
    CHECK_FALSE(kept(text, other));
  }
  for (const char* text : {"a != 1", "a !~ 'x'", "a not in (1)", "missing(a)", "not a"}) {
    CAPTURE(text);
    CHECK(kept(text, other));
  }
}

TEST_CASE("numbers compare exactly where doubles would not") {
  constexpr int64_t edge = int64_t{1} << 53;
  CHECK(compare_cells(Cell::of_integer(edge + 1), Cell::of_real(static_cast<double>(edge))) == 1);
  CHECK(compare_cells(Cell::of_integer(INT64_MAX), Cell::of_real(9223372036854775808.0)) == -1);
  CHECK(compare_cells(Cell::of_integer(INT64_MIN), Cell::of_real(-9223372036854775808.0)) == 0);
  CHECK(compare_cells(Cell::of_unsigned(UINT64_MAX), Cell::of_real(18446744073709551616.0)) == -1);
  CHECK(compare_cells(Cell::of_integer(-1), Cell::of_unsigned(UINT64_MAX)) == -1);
  CHECK(compare_cells(Cell::of_integer(-2), Cell::of_real(-1.5)) == -1);
  CHECK(compare_cells(Cell::of_integer(-1), Cell::of_real(-1.5)) == 1);
  CHECK(compare_cells(Cell::of_integer(0), Cell::of_real(-0.0)) == 0);
  CHECK(compare_cells(Cell::of_unsigned(0), Cell::of_real(-0.5)) == 1);
  double infinite = std::numeric_limits<double>::infinity();
  CHECK(compare_cells(Cell::of_integer(INT64_MAX), Cell::of_real(infinite)) == -1);
  CHECK(compare_cells(Cell::of_integer(INT64_MIN), Cell::of_real(-infinite)) == 1);
  CHECK(compare_cells(Cell::of_integer(0), Cell::of_real(std::nan(""))) == incomparable);
  CHECK(compare_cells(Cell::of_real(std::nan("")), Cell::of_real(std::nan(""))) == incomparable);
  Cell digits = Cell::of_text("123456789012345678901234567890");
  digits.is_number = true;
  CHECK(compare_cells(digits, Cell::of_unsigned(UINT64_MAX)) == 1);
  CHECK(compare_cells(digits, digits) == 0);
  CHECK(compare_cells(digits, Cell::of_text("123456789012345678901234567890")) == incomparable);
}

TEST_CASE("the order of random numbers is that of long double, and reverses when they are exchanged") {
  static_assert(std::numeric_limits<long double>::digits >= 64, "holds every 64-bit integer and every double");
  uint64_t seed = Catch::rngSeed() + 5;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const auto make = [&](long double& value) {
    uint64_t word = random() >> (random() % 64);
    switch (random() % 3) {
      case 0:
        value = static_cast<int64_t>(word);
        return Cell::of_integer(static_cast<int64_t>(word));
      case 1:
        value = word;
        return Cell::of_unsigned(word);
      default: {
        double real = static_cast<double>(static_cast<int64_t>(word)) / (random() % 2 == 0 ? 1 : 4);
        value = real;
        return Cell::of_real(real);
      }
    }
  };
  for (int i = 0; i < 100000; i++) {
    long double x = 0;
    long double y = 0;
    Cell a = make(x);
    Cell b = random() % 4 == 0 ? a : make(y);
    y = b.bits == a.bits && b.type == a.type ? x : y;
    int expected = x < y ? -1 : x > y ? 1 : 0;
    CAPTURE(type_name(a.type), a.bits, type_name(b.type), b.bits);
    REQUIRE(compare_cells(a, b) == expected);
    REQUIRE(compare_cells(b, a) == -expected);
  }
}

TEST_CASE("random expressions of and, or and not agree with a plain evaluation") {
  uint64_t seed = Catch::rngSeed() + 6;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  struct Made {
    std::string text;
    bool is_true;
  };
  bool values[4];
  const auto make = [&](auto& self, int depth) -> Made {
    if (depth == 0 || random() % 4 == 0) {
      size_t which = random() % 4;
      return {std::string("k") + std::to_string(which), values[which]};
    }
    Made a = self(self, depth - 1);
    Made b = self(self, depth - 1);
    switch (random() % 3) {
      case 0:
        return {"(" + a.text + " and " + b.text + ")", a.is_true && b.is_true};
      case 1:
        return {"(" + a.text + " or " + b.text + ")", a.is_true || b.is_true};
      default:
        return {"not (" + a.text + ")", !a.is_true};
    }
  };
  for (int i = 0; i < 500; i++) {
    Cells cells;
    for (size_t k = 0; k < 4; k++) {
      values[k] = random() % 2 == 0;
      cells.push_back({"k" + std::to_string(k), Cell::of_boolean(values[k])});
    }
    Made made = make(make, 6);
    CAPTURE(made.text);
    REQUIRE(kept(made.text, cells) == made.is_true);
  }
}

TEST_CASE("a key that only exists or missing ask for need not be known") {
  Rig rig(Kind::Filter, "keep", {{"where", "exists(a) and b == 1 or missing(c) and c == 2"}});
  REQUIRE(rig.wiring().reads.size() == 3);
  CHECK(rig.wiring().reads[0].is_optional);
  CHECK_FALSE(rig.wiring().reads[1].is_optional);
  CHECK(rig.wiring().reads[2].is_optional);
}

TEST_CASE("a row for which a regular expression gives up fails and stays") {
  Rig rig(Kind::Filter, "keep", {{"where", "a ~ '^(a+)+$'"}, {"match_limit", "1000"}});
  rig.row("a", std::string(40, 'a') + "b").row("a", "aa").row("a", "b").run();
  CHECK(rig.faults() == std::vector<int>{0});
  CHECK(rig.selected() == std::vector<int>{0, 1});
}

TEST_CASE("what is no expression is refused with its place and what would be right") {
  CHECK(refusal("") == "at character 1: there is no expression; write one like status >= 500 and path ~ \"^/api\"");
  CHECK(refusal("status = 5") == "at character 8: = is no sign here; write == to compare");
  CHECK(refusal("a == 1 && b == 2") == "at character 8: && is no sign here; write and");
  CHECK(refusal("a == 1 b") == "at character 8: unexpected b; and, or, or the end would be right");
  CHECK(refusal("a ==") == "at character 5: unexpected the end; a key would be right");
  CHECK(refusal("(a == 1") == "at character 8: unexpected the end; ) would be right");
  CHECK(refusal("a == \"x") == "at character 6: no closing quote; this one needs a second \"");
  CHECK(refusal("a == \"\\q\"") ==
        "at character 7: unknown escape \\q; it takes \\\\ \\\" \\' \\n \\r \\t and \\xNN, and \\\\ for a backslash");
  CHECK(refusal("exist(a)") == "at character 1: there is no function exist; did you mean exists?");
  CHECK(refusal("zz(a)") ==
        "at character 1: there is no function zz; there are exists, missing, starts_with, ends_with and contains");
  CHECK(refusal("1 == 2") == "at character 1: two constants are compared; one side must be a key");
  CHECK(refusal("5") == "at character 1: a constant alone says nothing; compare it with a key");
  CHECK(refusal("a == 5ms") ==
        "at character 6: 5ms is no constant; numbers like -1.5, \"text\", true, false and null are");
  CHECK(refusal("a ~ 5") == "at character 5: unexpected 5; a regular expression in quotes would be right");
  CHECK(refusal("a ~ '('") == "at character 5: not a regular expression: missing closing parenthesis (at character 2)");
  CHECK(refusal("a in (1, b)") ==
        "at character 10: b is no constant; numbers like -1.5, \"text\", true, false and null are");
  CHECK(refusal("and == 1") ==
        "at character 1: unexpected and; a key would be right, in `backquotes` if it is called so");
  CHECK(refusal("a ; b") ==
        "at character 3: unexpected ;; keys with other characters than letters, digits, _, @, . and - stand in "
        "`backquotes`");
  CHECK(refusal(std::string(100, '(')) == "at character 65: nested too deep; at most 64 levels would be right");
  CHECK(refusal("`and` == 1") == "no refusal");
}
