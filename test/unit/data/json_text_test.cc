// SPDX-License-Identifier: Apache-2.0
#include "core/data/json_text.hh"

#include <simdjson.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "core/data/object.hh"
#include "core/data/utf8.hh"

using namespace stook;

namespace {
std::string json(const Cell& cell, JsonStyle style = {}) {
  Payload out;
  append_json(out, cell, style);
  return std::string(out.bytes());
}
std::string json(std::string_view text, BinaryForm binary = BinaryForm::Replace) {
  return json(Cell::of_text(text), {binary, TimeForm::Iso});
}
std::string escaped(std::string_view text, std::string_view keep = {}) {
  Payload out;
  append_escaped(out, text, keep);
  return std::string(out.bytes());
}
// An object cell written by the functions under test's counterparts.
struct Maker {
  char bytes[4096];
  char* end = bytes;
  Maker& map(uint32_t n) {
    end = put_map_head(end, n);
    return *this;
  }
  Maker& array(uint32_t n) {
    end = put_array_head(end, n);
    return *this;
  }
  Maker& cell(const Cell& c) {
    end = put_cell(end, c);
    return *this;
  }
  Maker& text(std::string_view t) { return cell(Cell::of_text(t)); }
  Cell done() const { return Cell::of_slice(Type::Object, {bytes, static_cast<size_t>(end - bytes)}); }
};
}  // namespace

TEST_CASE("words are written as JSON has them") {
  CHECK(json(Cell::of_null()) == "null");
  CHECK(json(Cell::of_boolean(true)) == "true");
  CHECK(json(Cell::of_boolean(false)) == "false");
  CHECK(json(Cell::of_integer(INT64_MIN)) == "-9223372036854775808");
  CHECK(json(Cell::of_unsigned(UINT64_MAX)) == "18446744073709551615");
}

TEST_CASE("a real keeps a sign that it is one") {
  CHECK(json(Cell::of_real(1.0)) == "1.0");
  CHECK(json(Cell::of_real(-0.0)) == "-0.0");
  CHECK(json(Cell::of_real(1e300)) == "1e+300");
  CHECK(json(Cell::of_real(0.1)) == "0.1");
  CHECK(json(Cell::of_real(std::numeric_limits<double>::denorm_min())) == "5e-324");
  CHECK(json(Cell::of_real(NAN)) == "null");
  CHECK(json(Cell::of_real(-INFINITY)) == "null");
}

TEST_CASE("a time has as many digits as it needs") {
  Cell time = Cell::of_time(1795232280120000000);
  CHECK(json(time) == "\"2026-11-21T03:38:00.120Z\"");
  CHECK(json(time, {BinaryForm::Replace, TimeForm::Epoch}) == "1795232280.12");
  CHECK(json(time, {BinaryForm::Replace, TimeForm::EpochMs}) == "1795232280120");
  CHECK(json(time, {BinaryForm::Replace, TimeForm::EpochNs}) == "1795232280120000000");
  CHECK(json(Cell::of_time(-1), {BinaryForm::Replace, TimeForm::Epoch}) == "-0.000000001");
  CHECK(json(Cell::of_time(INT64_MIN), {BinaryForm::Replace, TimeForm::EpochMs}) == "-9223372036854.775808");
}

TEST_CASE("a number that fits no type is written bare, but only when it is one") {
  Cell number = Cell::of_text("123456789012345678901234567890.5e-7");
  number.is_number = true;
  CHECK(json(number) == "123456789012345678901234567890.5e-7");
  for (const char* wrong : {"", "-", "01", "1.", ".5", "1e", "0x10", "1 ", "NaN", "1,\"x\":2"}) {
    Cell cell = Cell::of_text(wrong);
    cell.is_number = true;
    CHECK(json(cell) == json(wrong));
    CHECK(json(cell).front() == '"');
  }
}

TEST_CASE("strings escape what breaks lines, terminals and JSON") {
  CHECK(json("a\"b\\c/") == R"("a\"b\\c/")");
  CHECK(json("\n\r\t\b\f") == R"("\n\r\t\b\f")");
  CHECK(json(std::string_view("\0\x1b\x1f", 3)) == R"("\u0000\u001b\u001f")");
  CHECK(json("\xc2\x85\xc2\x9b") == R"("\u0085\u009b")");
  CHECK(json("\xe2\x80\xa8\xe2\x80\xa9") == R"("\u2028\u2029")");
  CHECK(json("Grüße, 世界 🌾") == "\"Grüße, 世界 🌾\"");
}

TEST_CASE("bytes that are no UTF-8 follow the binary rule") {
  // The examples of Unicode 15, tables 3-8 to 3-11.
  std::string r = "\xef\xbf\xbd";
  CHECK(json("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41") == "\"" + r + r + r + r + r + r + r + r + "A\"");
  CHECK(json("\xed\xa0\x80\x41") == "\"" + r + r + r + "A\"");
  CHECK(json("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") == "\"" + r + r + r + r + "A\"");
  CHECK(json("a\xff\x9bz", BinaryForm::Escape) == R"("a\\xff\\x9bz")");
  CHECK(json("a\xff\x9bz", BinaryForm::Base64) == "\"base64:Yf+beg==\"");
  CHECK(json("plain", BinaryForm::Base64) == "\"plain\"");
}

TEST_CASE("long texts are written in steps without a seam") {
  std::string text;
  while (text.size() < 20000) {
    text += "x\"世\n";
  }
  std::string shifted = "y" + text;
  std::string body = json(text);
  CHECK(json(shifted) == "\"y" + body.substr(1));
  std::string wrong = text + "\xff";
  CHECK(json(wrong, BinaryForm::Base64).substr(0, 8) == "\"base64:");
  CHECK(json(wrong, BinaryForm::Base64).size() == 9 + (wrong.size() + 2) / 3 * 4);
}

TEST_CASE("objects keep order, emptiness and depth") {
  Maker m;
  m.map(6).text("z").array(0).text("a").map(0).text("n").cell(Cell::of_null());
  m.text("l").array(3).cell(Cell::of_integer(1)).array(1).cell(Cell::of_real(2)).text("\"").text("t");
  m.cell(Cell::of_time(0)).cell(Cell::of_integer(-1)).map(1).text("x").map(1).text("y").cell(Cell::of_boolean(true));
  CHECK(json(m.done()) ==
        R"({"z":[],"a":{},"n":null,"l":[1,[2.0],"\""],"t":"1970-01-01T00:00:00Z","-1":{"x":{"y":true}}})");
  Payload out;
  REQUIRE(append_json_members(out, Maker().map(2).text("a").array(1).text("b").text("c").map(0).done().bytes(), {}));
  CHECK(out.bytes() == R"(,"a":["b"],"c":{})");
  Payload none;
  CHECK_FALSE(append_json_members(none, Maker().array(0).done().bytes(), {}));
  CHECK(none.size() == 0);
}

TEST_CASE("an object that is none is written as its bytes") {
  CHECK(json(Cell::of_slice(Type::Object, "\x92\x01")) == "\"\xef\xbf\xbd\\u0001\"");
  CHECK(json(Cell::of_slice(Type::Object, {})) == "\"\"");
  std::string deep(max_object_depth + 1, '\x91');
  CHECK(json(Cell::of_slice(Type::Object, deep + "\x01")).front() == '"');
  std::string fits(max_object_depth, '\x91');
  CHECK(json(Cell::of_slice(Type::Object, fits + "\x01")) ==
        std::string(max_object_depth, '[') + "1" + std::string(max_object_depth, ']'));
}

TEST_CASE("random bytes always become JSON in UTF-8, and valid text comes back") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  simdjson::dom::parser parser;
  for (int round = 0; round < 20000; round++) {
    std::string text(random() % 70, 0);
    bool is_valid = true;
    unsigned kind = random() % 3;
    for (char& c : text) {
      c = static_cast<char>(kind == 0 ? 0x20 + random() % 0x5f : kind == 1 ? random() % 0x80 : random());
    }
    for (size_t i = 0; i < text.size();) {
      Utf8Step step = read_utf8(text.data() + i, text.data() + text.size());
      is_valid = is_valid && step.is_valid;
      i += step.size;
    }
    for (BinaryForm form : {BinaryForm::Escape, BinaryForm::Replace, BinaryForm::Base64}) {
      std::string line = json(text, form);
      for (unsigned char c : line) {
        REQUIRE(c >= 0x20);
      }
      std::string_view back;
      REQUIRE(parser.parse(line).get(back) == simdjson::SUCCESS);
      if (is_valid) {
        REQUIRE(back == text);
      }
    }
  }
}

TEST_CASE("text for plain sinks shows its control characters") {
  CHECK(escaped("a\nb\r\t\x1b[31m\"\\") == "a\\nb\\r\\t\\x1b[31m\"\\");
  CHECK(escaped(std::string_view("\0", 1)) == "\\x00");
  CHECK(escaped("\xc2\x9b \x9b \xe2\x80\xa8 \xff é") == "\\u009b \\x9b \\u2028 \xff é");
  CHECK(escaped("a\nb\x1b", "\n") == "a\nb\\x1b");
  std::string large(10000, '\n');
  CHECK(escaped(large).size() == 20000);
}
