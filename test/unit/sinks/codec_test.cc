// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <string>

#include "core/data/object.hh"
#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Options;
using stook::test::Rig;

namespace {
Rig codec(std::string_view name, const Options& options = {}) {
  return Rig(Kind::Codec, name, options);
}
Cell object_of(char* buffer, std::string_view key, const Cell& value) {
  char* end = put_cell(put_cell(put_map_head(buffer, 1), Cell::of_text(key)), value);
  return Cell::of_slice(Type::Object, {buffer, static_cast<size_t>(end - buffer)});
}
}  // namespace

TEST_CASE("json writes one object a line with absent cells left out") {
  Rig rig = codec("json");
  rig.row({{"a", Cell::of_integer(1)}, {"b", Cell::of_null()}});
  rig.row({{"b", Cell::of_text("x\ny")}});
  rig.row({{"c", Cell::of_real(2)}, {"a", Cell::of_boolean(true)}});
  CHECK(rig.encode() == "{\"a\":1,\"b\":null}\n{\"b\":\"x\\ny\"}\n{\"a\":true,\"c\":2.0}\n");
  CHECK(rig.wiring().reads_all);
}

TEST_CASE("a row without cells is an empty object") {
  Rig rig = codec("json");
  rig.row({}).row({{"a", Cell::of_integer(1)}}).row({});
  CHECK(rig.encode() == "{}\n{\"a\":1}\n{}\n");
}

TEST_CASE("json writes only the keys it is told, in their order") {
  Rig rig = codec("json", {{"keys", "c, a, none"}});
  CHECK_FALSE(rig.wiring().reads_all);
  CHECK(rig.wiring().reads.size() == 3);
  rig.row({{"a", Cell::of_integer(1)}, {"b", Cell::of_integer(2)}, {"c", Cell::of_integer(3)}});
  CHECK(rig.encode() == "{\"c\":3,\"a\":1}\n");
  Rig without = codec("json", {{"without", "b, c"}});
  without.row({{"a", Cell::of_integer(1)}, {"b", Cell::of_integer(2)}, {"c", Cell::of_integer(3)}});
  CHECK(without.encode() == "{\"a\":1}\n");
}

TEST_CASE("json learns open keys as they come and escapes their names") {
  Rig rig = codec("json");
  rig.row({{"a", Cell::of_integer(1)}});
  CHECK(rig.encode() == "{\"a\":1}\n");
  rig.clear();
  rig.row({{"q\"\n", Cell::of_integer(2)}});
  CHECK(rig.encode() == "{\"q\\\"\\n\":2}\n");
}

TEST_CASE("members without a key are written like keys, an object called rest is not") {
  char buffer[64];
  char other[64];
  Cell rest = object_of(buffer, "x", Cell::of_integer(1));
  Rig rig = codec("json");
  rig.row({{"a", Cell::of_integer(0)}, {"rest", rest}});
  rest.is_number = true;
  Cell empty = Cell::of_slice(Type::Object, {other, static_cast<size_t>(put_map_head(other, 0) - other)});
  empty.is_number = true;
  rig.row({{"a", Cell::of_integer(0)}, {"rest", rest}}).row({{"rest", rest}}).row({{"rest", empty}});
  CHECK(rig.encode() == "{\"a\":0,\"rest\":{\"x\":1}}\n{\"a\":0,\"x\":1}\n{\"x\":1}\n{}\n");
  Rig pack = codec("msgpack");
  pack.row({{"rest", rest}});
  CHECK(pack.encode() == std::string("\x81\xa1x\x01", 4));
}

TEST_CASE("json writes long texts and many rows without losing a byte") {
  std::string large(100000, '"');
  Rig rig = codec("json");
  std::string want;
  for (int i = 0; i < 200; i++) {
    rig.row({{"n", Cell::of_integer(i)}, {"t", Cell::of_text({large.data(), static_cast<size_t>(i) * 40})}});
    want += "{\"n\":" + std::to_string(i) + ",\"t\":\"";
    for (int k = 0; k < i * 40; k++) {
      want += "\\\"";
    }
    want += "\"}\n";
  }
  CHECK((rig.encode() == want));
}

TEST_CASE("raw writes the key byte for byte and faults rows without it") {
  Rig rig = codec("raw");
  std::string block = "one\ntwo\x1b\n\nfour\n";
  auto line = [&](size_t at, size_t size) { return Cell::of_text({block.data() + at, size}); };
  rig.row({{"message", line(0, 3)}}).row({{"message", line(4, 4)}}).row({{"message", line(9, 0)}});
  rig.row({{"other", Cell::of_null()}}).row({{"message", line(10, 4)}}).row({{"message", Cell::of_integer(-7)}});
  CHECK(rig.encode() == "one\ntwo\x1b\n\nfour\n-7\n");
  CHECK(rig.faults() == std::vector<int>{3});
}

TEST_CASE("raw leaves out what stands between lines that are not neighbours") {
  std::string block = "one\ntwo\nthree\n";
  Rig rig = codec("raw", {{"key", "k"}});
  rig.row({{"k", Cell::of_text({block.data(), 3})}}).row({{"k", Cell::of_text({block.data() + 8, 5})}});
  rig.row({{"k", Cell::of_text("")}}).row({{"k", Cell::of_slice(Type::Text, {})}});
  CHECK(rig.encode() == "one\nthree\n\n\n");
}

TEST_CASE("pattern escapes values and not itself") {
  Rig rig = codec("pattern", {{"pattern", "$a ${b:-none}\\t$c\\n"}});
  rig.row({{"a", Cell::of_text("x\n\x1b")}, {"c", Cell::of_integer(3)}});
  CHECK(rig.encode() == "x\\n\\x1b none\t3\n");
  CHECK_THROWS_WITH(codec("pattern", {{"pattern", "${a"}}), "${ without }; write $$ for a dollar");
}

TEST_CASE("csv quotes what needs it and begins with the names") {
  Rig rig = codec("csv", {{"keys", "a,b,c"}});
  rig.row({{"a", Cell::of_text("x,y")}, {"b", Cell::of_text("say \"hi\"\nbye")}, {"c", Cell::of_integer(1)}});
  rig.row({{"a", Cell::of_text("plain")}, {"c", Cell::of_text("\x1b")}});
  rig.row({{"b", Cell::of_text("")}, {"c", Cell::of_null()}});
  CHECK(rig.encode() == "\"x,y\",\"say \"\"hi\"\"\nbye\",1\nplain,,\\x1b\n,\"\",\n");
  Rig tabs = codec("csv", {{"keys", "a,b"}, {"delimiter", "\\t"}});
  tabs.row({{"a", Cell::of_text("x,y")}, {"b", Cell::of_text("t\tt")}});
  CHECK(tabs.encode() == "x,y\t\"t\tt\"\n");
  CHECK_THROWS_WITH(codec("csv", {{"keys", "a"}, {"delimiter", ",,"}}),
                    "delimiter is not one character; it takes , ; | or \\t");
}

namespace {
/// A csv field, byte by byte.
std::string csv_field(std::string_view text) {
  bool is_quoted = text.find_first_of(",\"\n\r") != std::string_view::npos;
  std::string field(is_quoted ? 1 : 0, '"');
  for (char c : text) {
    field += c == '\x01' ? "\\x01" : std::string(c == '"' ? 2 : 1, c);
  }
  return is_quoted ? field + '"' : field;
}
}  // namespace

TEST_CASE("csv quotes texts of any length, wherever the delimiter stands") {
  for (std::string_view odd : {",", "\"", "\n", "\\", "\x01", "é", "\",\n\\é"}) {
    Rig rig = codec("csv", {{"keys", "a,b"}});
    std::deque<std::string> texts;
    std::string wanted;
    for (size_t size : {0, 1, 14, 15, 16, 17, 31, 32, 33, 64, 200, 5000}) {
      for (size_t at : {size_t{0}, size / 2, size - std::min<size_t>(size, 1), size}) {
        std::string& text = texts.emplace_back(size, 'x');
        text.insert(at, odd);
        rig.row({{"a", Cell::of_text(text)}, {"b", Cell::of_integer(static_cast<int64_t>(size))}});
        wanted += csv_field(text) + "," + std::to_string(size) + "\n";
      }
    }
    CHECK(rig.encode() == wanted);
  }
}

TEST_CASE("csv has room for the delimiters of absent columns, however many") {
  std::string keys = "k0";
  for (int i = 1; i < 400; i++) {
    keys += ", k" + std::to_string(i);
  }
  Rig rig = codec("csv", {{"keys", keys}});
  std::string wanted;
  for (int i = 0; i < 200; i++) {
    if (i % 3 == 0) {
      rig.row({{"k0", Cell::of_integer(i)}, {"k399", Cell::of_text("x,y")}});
      wanted += std::to_string(i) + std::string(399, ',') + "\"x,y\"\n";
    } else {
      rig.row({});
      wanted += std::string(399, ',') + "\n";
    }
  }
  CHECK(rig.encode() == wanted);
}

TEST_CASE("pattern copies texts of any length with all their quotes") {
  Rig rig = codec("pattern", {{"pattern", "<$a ${b:-nobody has said who this is} $c>\\n"}});
  std::deque<std::string> texts;
  std::string wanted;
  for (size_t size : {0, 1, 15, 16, 17, 64, 5000}) {
    std::string& text = texts.emplace_back(size, '"');
    text.insert(size / 2, "\\\x02,é");
    rig.row({{"a", Cell::of_text(text)}, {"c", Cell::of_integer(static_cast<int64_t>(size))}});
    std::string seen = text;
    seen.replace(seen.find('\x02'), 1, "\\x02");
    wanted += "<" + seen + " nobody has said who this is " + std::to_string(size) + ">\n";
  }
  CHECK(rig.encode() == wanted);
}

TEST_CASE("csv has its header, unless told not to") {
  const Plugin& plugin = stook::test::plugin(Kind::Codec, "csv");
  auto header = [&](const char* wanted) {
    std::shared_ptr<void> config(plugin.config.make(), plugin.config.destroy);
    std::string why;
    for (const Option& option : plugin.options) {
      std::string name = option.name;
      const char* text = name == "keys" ? "a, b;c" : name == "header" ? wanted : ";";
      REQUIRE(option.assign(config.get(), text, option, why));
    }
    Wiring wiring;
    plugin.declare(config.get(), ".", wiring);
    return std::string(plugin.codec({config.get(), "x", {}})->header());
  };
  CHECK(header("yes") == "a;\"b;c\"\n");
  CHECK(header("no").empty());
}

TEST_CASE("pretty aligns rows and shows control characters") {
  Rig rig = codec("pretty", {{"colour", "no"}});
  rig.row({{"time", Cell::of_time(1795232280120000000)},
           {"path", Cell::of_text("/long")},
           {"status", Cell::of_integer(1)}});
  rig.row({{"time", Cell::of_time(1795232280000000000)},
           {"path", Cell::of_text("/\x1b")},
           {"status", Cell::of_integer(2)}});
  CHECK(rig.encode() == "03:38:00.120  path=/long  status=1\n03:38:00.000  path=/\\x1b  status=2\n");
  Rig coloured = codec("pretty", {{"colour", "yes"}});
  coloured.row({{"status", Cell::of_integer(503)}});
  CHECK(coloured.encode() == "\x1b[36mstatus\x1b[0m=\x1b[31m503\x1b[0m\n");
}

TEST_CASE("none writes nothing") {
  Rig rig = codec("none");
  CHECK(rig.row("a", "b").encode().empty());
}
