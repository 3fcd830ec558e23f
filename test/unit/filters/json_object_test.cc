// SPDX-License-Identifier: Apache-2.0
// Objects that stay JSON text on their way: whoever looks inside sees what he would see in msgpack.
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "core/api/expression.hh"
#include "core/api/json.hh"
#include "core/data/json_text.hh"
#include "core/data/object.hh"
#include "test/unit/kit.hh"
#include "test/unit/lua/script_kit.hh"

using namespace stook;
using stook::test::lua_rig;
using stook::test::Options;
using stook::test::Rig;

namespace {

/// The member of a document, as the reader leaves it.
class Reading {
 public:
  explicit Reading(const std::string& value) : text_("{\"o\":" + value + "}") {
    INFO(text_);
    REQUIRE(reader_.read_members(text_, arena_));
    REQUIRE(reader_.members().size() == 1);
    cell = reader_.members()[0].value;
    msgpack = object_bytes(cell, store_);
  }
  Reading(const Reading&) = delete;
  Cell cell{};
  std::string_view msgpack;

 private:
  std::string text_;
  Arena arena_;
  JsonReader reader_;
  std::string store_;
};

/// A random value in two spellings: a blank behind each scalar makes the reader write msgpack at once.
void make_value(std::mt19937_64& random, int depth, std::string& plain, std::string& blank) {
  static const char* const scalars[] = {
      "null",       "true",   "false",     "0",
      "-7",         "404",    "0.25",      "-0.0",
      "\"\"",       "\"ab\"", "\"{,}:[\"", "9223372036854775807",
      "-1234.5678", "65536",  "-129",      "\"a longer text than msgpack's shortest form\""};
  if (depth == 0 || random() % 3 == 0) {
    const char* scalar = scalars[random() % std::size(scalars)];
    plain += scalar;
    blank.append(scalar).append(" ");
    return;
  }
  bool is_map = random() % 2 == 0;
  std::string open = is_map ? "{" : "[";
  plain += open;
  blank += open;
  for (size_t i = 0, count = random() % 5; i < count; i++) {
    std::string key = i == 0 ? "" : ",";
    key += is_map ? "\"k" + std::to_string(random() % 3) + "\":" : "";
    plain += key;
    blank += key;
    make_value(random, depth - 1, plain, blank);
  }
  plain += is_map ? '}' : ']';
  blank += is_map ? '}' : ']';
}

constexpr const char* sample = R"({"a":1,"b":[true,null,0.25,"x"],"c":{},"d":-9000000000,"a":2})";

/// The same row by a codec, with the object as JSON text and as msgpack.
void check_codec(std::string_view name, const Options& options) {
  CAPTURE(name);
  Reading object(sample);
  REQUIRE(object.cell.is_json);
  Rig as_text(Kind::Codec, name, options);
  as_text.row({{"n", Cell::of_integer(1)}, {"o", object.cell}, {"p", Cell::of_integer(2)}});
  Rig as_msgpack(Kind::Codec, name, options);
  as_msgpack.row(
      {{"n", Cell::of_integer(1)}, {"o", Cell::of_slice(Type::Object, object.msgpack)}, {"p", Cell::of_integer(2)}});
  std::string text = as_text.encode();
  CHECK(text.size() > 20);
  CHECK(text == as_msgpack.encode());
}

/// What the key `r` is after the script, given the sample in either form.
std::string scripted(const std::string& body, bool is_json) {
  Reading object(sample);
  Rig rig = lua_rig("function filter(rec) " + body + "\nend");
  rig.row({{"o", is_json ? object.cell : Cell::of_slice(Type::Object, object.msgpack)}}).run();
  REQUIRE(rig.faults().empty());
  Payload text;
  for (const char* key : {"o", "r"}) {
    if (const Cell* cell = rig.cell(key)) {
      append_json(text, *cell, {});
      text.append(' ');
    }
  }
  return std::string(text.bytes());
}

}  // namespace

TEST_CASE("an object of plain ASCII stays its text, and others become msgpack") {
  for (std::string value : {sample, "{}", "[]", "[[[]],{}]", "[1, 2]", R"({"a": {"b":[ ]}})", R"(["~ /'"])"}) {
    Reading object(value);
    CHECK(object.cell.is_json);
    CHECK(object.cell.bytes() == value);
    CHECK(is_object(object.msgpack));
  }
  for (std::string value : {"[\"\xc3\xa4\"]", R"(["\n"])", R"(["\/"])", "[1,\n2]", "[1e5]", "[1.5E-3]", "[1 ]",
                            "[12345678901234567890]", "[-0]", "[\t]"}) {
    Reading object(value);
    CHECK_FALSE(object.cell.is_json);
    CHECK(is_object(object.msgpack));
  }
}

TEST_CASE("a text that stays one is as valid as one that does not") {
  Arena arena;
  JsonReader reader;
  for (std::string value :
       {"[",      "{",        "[1",        "[1,",           "[1,]",          "[,1]",       "{,}",
        "[1 2]",  "[1}",      "{]",        "{\"a\"}",       "{\"a\":}",      "{\"a\":1,}", "{1:2}",
        "[01]",   "[-]",      "[.5]",      "[1.]",          "[1.5.5]",       "[tru]",      "[nul]",
        "[True]", "[\"a\"b]", "[\"a\":1]", "{\"a\" 1}",     "{\"a\",\"b\"}", "[1]]",       "{\"a\":1}}",
        "[+1]",   "[--1]",    "[1-1]",     "[\"a\" \"b\"]", "[]1",           "[{}{}]"}) {
    CAPTURE(value);
    CHECK_FALSE(reader.read_members("{\"o\":" + value + "}", arena));
  }
}

TEST_CASE("JSON text becomes the msgpack that the reader would have made") {
  uint64_t seed = Catch::rngSeed() + 7;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20000; i++) {
    std::string plain = "[";
    std::string blank = "[";
    make_value(random, static_cast<int>(random() % 6), plain, blank);
    plain += "]";
    blank += ",1 ]";
    plain.insert(plain.size() - 1, ",1");
    Reading text(plain);
    Reading made(blank);
    REQUIRE(text.cell.is_json);
    REQUIRE_FALSE(made.cell.is_json);
    REQUIRE(text.msgpack == made.msgpack);
    std::string room(cell_room(text.cell), '\0');
    REQUIRE(std::string_view(room.data(), static_cast<size_t>(put_cell(room.data(), text.cell) - room.data())) ==
            made.msgpack);
  }
}

TEST_CASE("every codec writes an object alike in both forms") {
  check_codec("json", {});
  check_codec("json", {{"keys", "o"}});
  check_codec("msgpack", {});
  check_codec("csv", {{"keys", "n,o,p"}});
  check_codec("pretty", {});
  check_codec("pattern", {{"pattern", "$n $o $p this is long enough"}});
}

TEST_CASE("an object of any size is written as its text") {
  for (size_t count : {1u, 100u, 1000u, 20000u}) {
    std::string value = "[0";
    for (size_t i = 0; i < count; i++) {
      value += ",12345";
    }
    value += "]";
    Reading object(value);
    REQUIRE(object.cell.is_json);
    Rig rig(Kind::Codec, "json");
    rig.row({{"o", object.cell}});
    CHECK(rig.encode() == "{\"o\":" + value + "}\n");
  }
}

TEST_CASE("a script sees the same object in both forms") {
  for (const char* body : {"rec.r = rec.o.a", "rec.r = rec.o.b[4]", "rec.r = rec.o", "rec.o = rec.o", "rec.o.a = 1",
                           "local o = rec.o; o.d = 'new'; rec.o = o", "local o = rec.o; o.b[2] = 5; rec.r = o",
                           "for k, v in pairs(rec) do rec.r = v end", "rec.o = 7", "rec.o = nil; rec.r = 1"}) {
    CAPTURE(body);
    CHECK(scripted(body, true) == scripted(body, false));
  }
  CHECK(scripted("rec.r = rec.o.b[4]", true) == std::string(sample) + " \"x\" ");
}

TEST_CASE("objects of either form compare by what they hold") {
  Reading text(R"({"a":[1,2.0]})");
  Reading spelled(R"({"a": [1, 2.00]})");
  Reading other(R"({"a":[1,2]})");
  Cell msgpack = Cell::of_slice(Type::Object, text.msgpack);
  CHECK(compare_cells(text.cell, text.cell) == 0);
  CHECK(compare_cells(text.cell, msgpack) == 0);
  CHECK(compare_cells(msgpack, text.cell) == 0);
  CHECK(compare_cells(text.cell, spelled.cell) == 0);
  CHECK(compare_cells(text.cell, other.cell) == incomparable);
  CHECK(compare_cells(msgpack, other.cell) == incomparable);
}

TEST_CASE("an object within rest, and one that was copied, hold what came") {
  Rig rig(Kind::Filter, "parse_json");
  std::string name(256, 'x');
  rig.row("message", "{\"" + name + "\":" + sample + "}").run();
  Payload text;
  append_json(text, *rig.cell("rest"), {});
  CHECK(text.bytes() == "{\"" + name + "\":" + sample + "}");

  Reading object(sample);
  Rig copy(Kind::Filter, "set", {{"set", "r=$o"}});
  copy.row({{"o", object.cell}}).run();
  REQUIRE(copy.cell("r") != nullptr);
  CHECK(copy.cell("r")->bytes() == object.msgpack);
}
