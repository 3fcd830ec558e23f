// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "core/data/object.hh"
#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Options;
using stook::test::Rig;

namespace {
Rig codec(const Options& options = {}) {
  Options all = {{"host", "here"}};
  all.insert(all.end(), options.begin(), options.end());
  return Rig(Kind::Codec, "syslog", all);
}
// 2026-11-21 03:38:00 UTC
constexpr int64_t second = 1795232280;
Cell time_at(int64_t ns) {
  return Cell::of_time(second * 1'000'000'000 + ns);
}

std::string parsed(std::string_view line) {
  Rig rig(Kind::Filter, "parse_syslog", {});
  rig.row("message", line.substr(0, line.size() - 1));
  return rig.run().show();
}
}  // namespace

TEST_CASE("syslog writes what parse_syslog reads") {
  for (const char* line :
       {"<38>1 2026-11-21T03:38:00.25Z web1 sshd 812 ID47 [a@1 x=\"1\" y=\"q\\\"\\\\\\]\"][b z=\"\"] Accepted "
        "publickey\n",
        "<0>1 2026-11-21T03:38:00Z - - - - - message\n", "<191>1 2026-11-21T03:38:00.000001Z h a - - [id] x\n"}) {
    CAPTURE(line);
    Rig parser(Kind::Filter, "parse_syslog", {});
    parser.row("message", std::string_view(line).substr(0, std::string_view(line).size() - 1));
    parser.run();
    Rig rig = codec({{"host", "-"}, {"app", "-"}});
    std::vector<std::pair<std::string, Cell>> cells;
    for (const char* key : {"pri", "time", "host", "app", "pid", "msgid", "structured_data", "message"}) {
      if (const Cell* cell = parser.cell(key)) {
        cells.emplace_back(key, *cell);
      }
    }
    CHECK(rig.row(cells).encode() == line);
  }
}

TEST_CASE("syslog fills in what a row lacks") {
  Rig rig = codec({{"facility", "local3"}, {"severity", "err"}, {"app", "shop"}});
  rig.row({{"time", time_at(0)}, {"message", Cell::of_text("x")}});
  rig.row({{"time", time_at(0)}, {"message", Cell::of_text("x")}, {"severity", Cell::of_text("debug")}});
  rig.row({{"time", time_at(0)}, {"message", Cell::of_integer(7)}, {"facility", Cell::of_integer(0)}});
  rig.row({{"time", time_at(0)}, {"message", Cell::of_text("x")}, {"pri", Cell::of_integer(192)}});
  CHECK(rig.encode() ==
        "<155>1 2026-11-21T03:38:00Z here shop - - - x\n"
        "<159>1 2026-11-21T03:38:00Z here shop - - - x\n"
        "<3>1 2026-11-21T03:38:00Z here shop - - - 7\n"
        "<155>1 2026-11-21T03:38:00Z here shop - - - x\n");
  Rig strange = codec();
  strange.row({{"time", Cell::of_time(INT64_MIN)}, {"message", Cell::of_text("x")}});
  strange.row({{"time", Cell::of_text("yesterday")}, {"message", Cell::of_text("x")}});
  std::string text = strange.encode();
  CHECK(text.substr(0, text.find('\n')) == "<13>1 1677-09-21T00:12:43.145224Z here stook - - - x");
}

TEST_CASE("a row without a message is a message without one") {
  const std::string line = "<165>1 2026-11-21T03:38:00Z h evnts - ID47 [a@1 n=\"3\"]\n";
  Rig parser(Kind::Filter, "parse_syslog", {{"key", "line"}});
  parser.row("line", line).run();
  CHECK(parser.cell("message") == nullptr);
  std::vector<std::pair<std::string, Cell>> cells;
  for (const char* key : {"pri", "time", "host", "app", "msgid", "structured_data"}) {
    cells.emplace_back(key, *parser.cell(key));
  }
  Rig rig = codec();
  rig.row(cells).row({{"time", time_at(0)}});
  CHECK(rig.encode() == line + "<13>1 2026-11-21T03:38:00Z here stook - - -\n");
  CHECK(rig.faults().empty());
  Rig old = codec({{"rfc", "3164"}});
  std::string bare = old.row(cells).encode();
  CHECK(bare == "<165>Nov 21 03:38:00 h evnts:\n");
  CHECK(parsed(bare).find("host=\"h\"(text) app=\"evnts\"(text)") != std::string::npos);
}

TEST_CASE("no field of a row can become another field, and no row another row") {
  Rig rig = codec();
  rig.row({{"time", time_at(0)},
           {"host", Cell::of_text("a b\n<0>1")},
           {"app", Cell::of_text(std::string_view("\x1b[1m\x9b\0", 6))},
           {"pid", Cell::of_integer(-5)},
           {"msgid", Cell::of_text("")},
           {"message", Cell::of_text("one\n<0>1 - - - - - - two\r\x1b[2J\xc2\x9b\x9b")}});
  CHECK(rig.encode() ==
        "<13>1 2026-11-21T03:38:00Z a_b_<0>1 _[1m__ -5 - - "
        "one\\n<0>1 - - - - - - two\\r\\x1b[2J\\u009b\\x9b\n");
  Rig raw = codec({{"escape", "no"}});
  raw.row({{"time", time_at(0)}, {"message", Cell::of_text("one\ntwo")}});
  CHECK(raw.encode() == "<13>1 2026-11-21T03:38:00Z here stook - - - one\ntwo\n");
  std::string long_name(60, 'a');
  Rig wide = codec();
  wide.row({{"time", time_at(0)}, {"app", Cell::of_text(long_name)}, {"message", Cell::of_text("x")}});
  CHECK(wide.encode() == "<13>1 2026-11-21T03:38:00Z here " + std::string(48, 'a') + " - - - x\n");
}

TEST_CASE("structured data are maps in a map; values are escaped and names reduced") {
  char buffer[256];
  char* to = put_map_head(buffer, 3);
  to = put_map_head(put_cell(to, Cell::of_text("a b]=\"")), 2);
  to = put_cell(put_cell(to, Cell::of_text("x")), Cell::of_text("]\\\"\n"));
  to = put_cell(put_cell(to, Cell::of_text("n")), Cell::of_integer(5));
  to = put_cell(put_cell(to, Cell::of_text("scalar")), Cell::of_integer(1));
  to = put_map_head(put_cell(to, Cell::of_text("none")), 0);
  Rig rig = codec();
  Cell object = Cell::of_slice(Type::Object, {buffer, static_cast<size_t>(to - buffer)});
  rig.row({{"time", time_at(0)}, {"structured_data", object}, {"message", Cell::of_text("x")}});
  rig.row({{"time", time_at(0)}, {"structured_data", Cell::of_text("[a b=\"\n\"]")}, {"message", Cell::of_text("x")}});
  rig.row({{"time", time_at(0)}, {"structured_data", Cell::of_text("[a b=]")}, {"message", Cell::of_text("x")}});
  CHECK(rig.encode() ==
        "<13>1 2026-11-21T03:38:00Z here stook - - [a_b___ x=\"\\]\\\\\\\"\\\\n\" n=\"5\"][none] x\n"
        "<13>1 2026-11-21T03:38:00Z here stook - - [a b=\"\\n\"] x\n"
        "<13>1 2026-11-21T03:38:00Z here stook - - - x\n");
}

TEST_CASE("RFC 3164 is written as it is read") {
  Rig rig = codec({{"rfc", "3164"}});
  rig.row({{"time", time_at(5)},
           {"pri", Cell::of_integer(38)},
           {"host", Cell::of_text("web1")},
           {"app", Cell::of_text("ss:h d")},
           {"pid", Cell::of_text("81]2")},
           {"message", Cell::of_text("Accepted publickey")}});
  std::string line = rig.encode();
  CHECK(line == "<38>Nov 21 03:38:00 web1 ss_h_d[81_2]: Accepted publickey\n");
  CHECK(parsed(line).find("app=\"ss_h_d\"(text) pid=\"81_2\"(text)") != std::string::npos);
  Rig bare = codec({{"rfc", "3164"}});
  bare.row({{"time", time_at(0)}, {"message", Cell::of_text("x")}});
  CHECK(bare.encode() == "<13>Nov 21 03:38:00 here stook: x\n");
}

TEST_CASE("wrong defaults are refused in words") {
  CHECK_THROWS_WITH(
      codec({{"facility", "locale"}}),
      "facility: there is none called 'locale'; it takes kern, user, mail, daemon, auth, … local0 to local7");
  CHECK_THROWS_WITH(codec({{"zone", "+02:00"}}), "zone: is '+02:00'; it takes UTC or local");
}

TEST_CASE("whatever a row holds, its message is one line that parse_syslog takes apart alike") {
  unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  auto text = [&](size_t most) {
    std::string made(std::uniform_int_distribution<size_t>(0, most)(random), '\0');
    for (char& c : made) {
      c = static_cast<char>(random());
    }
    return made;
  };
  for (int round = 0; round < 500; round++) {
    std::string host = text(300), app = text(60), pid = text(20), msgid = text(40), message = text(200);
    Rig rig = codec();
    rig.row({{"time", time_at(static_cast<int64_t>(random() % 1'000'000) * 1000)},
             {"pri", Cell::of_integer(random() % 192)},
             {"host", Cell::of_text(host)},
             {"app", Cell::of_text(app)},
             {"pid", Cell::of_text(pid)},
             {"msgid", Cell::of_text(msgid)},
             {"message", Cell::of_text(message)}});
    std::string line = rig.encode();
    CAPTURE(line);
    REQUIRE(line.find('\n') == line.size() - 1);
    Rig parser(Kind::Filter, "parse_syslog", {});
    parser.row("message", std::string_view(line).substr(0, line.size() - 1));
    parser.run();
    REQUIRE(parser.faults().empty());
    std::vector<std::pair<std::string, Cell>> cells;
    for (const char* key : {"pri", "time", "host", "app", "pid", "msgid", "message"}) {
      if (const Cell* cell = parser.cell(key)) {
        cells.emplace_back(key, *cell);
      }
    }
    Rig again = codec({{"host", "-"}, {"app", "-"}});
    CHECK((parser.cell("message") == nullptr || again.row(cells).encode() == line));
  }
}
