// SPDX-License-Identifier: Apache-2.0
/// Forms of SPRINT (S1-73).
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// What a form makes of one row: a=5, b=7, s=text, ip4 and ip6 addresses, no x and no y.
std::string made(const std::string& form, const Options& more = {}) {
  static const std::string six = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + '\1';
  Options options = more;
  options.emplace_back("form", form);
  Rig rig(Kind::Codec, "sprint", options);
  rig.row({{"a", Cell::of_unsigned(5)},
           {"b", Cell::of_integer(7)},
           {"s", Cell::of_text("te\nxt")},
           {"t", Cell::of_boolean(true)},
           {"raw.pkt", Cell::of_slice(Type::Bytes, "abc")},
           {"ip4", Cell::of_slice(Type::Address, {"\xc0\x00\x02\x01", 4})},
           {"ip6", Cell::of_slice(Type::Address, six)}});
  return rig.encode();
}
}  // namespace

TEST_CASE("each form makes what it says") {
  struct {
    const char* form;
    const char* text;
  } const forms[] = {
      {"<a>", "5"},
      {"<a> <b>\\n", "5 7\n"},
      {"text", "text"},
      {"a=<a>,x=<x>", "a=5,x=<>"},
      {"(<x>|<a>)", "5"},
      {"(<x>|<y>)", "()"},
      {"(<x>|none)", "none"},
      {"(<a><x>|<a>:<b>)", "5:7"},
      {"(<a>|<b>)(<b>|<a>)", "57"},
      {"<a>+<b>", "12"},
      {"<a>+<b>+<a>", "17"},
      {"<a>+<x>", "<>"},
      {"(<a>+<x>|<a>+<b>)", "12"},
      {"<a>+<s>", "<>"},
      {"<a>\\+<b>", "5+7"},
      {"<a>+", "5+"},
      {"\\<a\\> \\(\\) \\| \\\\ \\t.", "<a> () | \\ \t."},
      {"<s> <t>", "te\\nxt 1"},
      {"<raw.pkt>", "<>"},
      {"<ip4> <ip6>", "192.0.2.1 2001:db8::1"},
      {"()", ""},
  };
  for (const auto& [form, text] : forms) {
    INFO(form);
    CHECK(made(form) == text);
  }
  CHECK(made("<ip4> <ip6> <s>", {{"addrsep", "_"}}) == "192_0_2_1 2001_db8__1 te\\nxt");
}

TEST_CASE("a form that cannot be meant is told before the start") {
  struct {
    const char* form;
    const char* reason;
  } const forms[] = {
      {"<a", "< has no >"},
      {"<>", "<> has no key"},
      {"a>", "> stands alone"},
      {"(<a>", "( has no )"},
      {"<a>)", ") stands alone"},
      {"<a>|<b>", "| stands alone"},
      {"((<a>))", "( stands within ( )"},
      {"\\x", "\\ is followed by none of"},
      {"a\\", "\\ is followed by none of"},
  };
  for (const auto& [form, reason] : forms) {
    INFO(form);
    CHECK_THROWS_WITH(made(form), Catch::Contains(reason));
  }
  CHECK_THROWS_WITH(made("<a>", {{"addrsep", "__"}}), Catch::Contains("is more than one character"));
}
