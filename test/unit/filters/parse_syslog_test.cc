// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>

#include "core/data/json_text.hh"
#include "core/data/object.hh"
#include "core/data/syslog_text.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr int64_t now = 1795232280'000000000;  // 2026-11-21T03:38:00Z

/// The parts of a line as text: `pri|time|host|app|pid|msgid|data|message`, `~` for an absent one.
std::string parts(std::string_view line) {
  SyslogReader reader{Zone()};
  SyslogText found;
  if (const char* reason = reader.read(line, now, found)) {
    return reason;
  }
  std::string text = found.pri < 0 ? "~" : std::to_string(found.pri);
  text += "|" + (found.time ? std::to_string((found.time.ns - now) / 1'000'000) : "~");
  for (std::string_view part : {found.host, found.app, found.pid, found.msgid, found.data, found.message}) {
    text += "|" + (part.data() == nullptr ? "~" : std::string(part));
  }
  return text;
}
}  // namespace

TEST_CASE("RFC 3164 lines come in many shapes") {
  CHECK(parts("<34>Nov 21 03:38:00 mymachine su: 'su root' failed") == "34|0|mymachine|su|~|~|~|'su root' failed");
  CHECK(parts("<38>Nov 21 03:38:01 web1 sshd[812]: Accepted key") == "38|1000|web1|sshd|812|~|~|Accepted key");
  CHECK(parts("Nov 21 03:38:00 web1 sshd[812]: no priority") == "~|0|web1|sshd|812|~|~|no priority");
  CHECK(parts("<38>Nov 21 03:38:00 sshd[812]: no host") == "38|0|~|sshd|812|~|~|no host");
  CHECK(parts("<6>Nov 21 03:38:00 web1 kernel: [12.5] usb 1-1") == "6|0|web1|kernel|~|~|~|[12.5] usb 1-1");
  CHECK(parts("<6>Nov 21 03:38:00 web1 [12.5] usb: x") == "6|0|web1|~|~|~|~|[12.5] usb: x");
  CHECK(parts("<5>Nov 21 03:38:00 web1 -- MARK --") == "5|0|web1|~|~|~|~|-- MARK --");
  CHECK(parts("<13>Nov 21 03:38:00 web1 a b http://x/") == "13|0|web1|~|~|~|~|a b http://x/");
  CHECK(parts("<13>Nov 21 03:38:00 web1 postfix/smtpd[1]: x") == "13|0|web1|postfix/smtpd|1|~|~|x");
  CHECK(parts("<13>Nov 21 03:38:00 web1 su(pam_unix)[9]: x") == "13|0|web1|su(pam_unix)|9|~|~|x");
  CHECK(parts("<13>Nov 21 03:38:00 web1 app[]: x") == "13|0|web1|app|~|~|~|x");
  CHECK(parts("<13>app[7]: no time") == "13|~|~|app|7|~|~|no time");
  CHECK(parts("<13>words alone") == "13|~|~|~|~|~|~|words alone");
  CHECK(parts("<13>") == "13|~|~|~|~|~|~|~");
  CHECK(parts("<13>Nov 21 03:38:00") == "13|0|~|~|~|~|~|~");
  CHECK(parts("<13>Nov 21 03:38:00 hello") == "13|0|~|~|~|~|~|hello");
  CHECK(parts("<13>Nov 21 03:38:00 web1 app:") == "13|0|web1|app|~|~|~|~");
  CHECK(parts(std::string_view("<13>Nov 21 03:38:00 web1 app: x\0", 32)) == "13|0|web1|app|~|~|~|x");
}

TEST_CASE("times of RFC 3164 lines have years, fractions and other forms") {
  CHECK(parts("<13>Nov 21 2026 03:38:00 web1 app: x") == "13|0|web1|app|~|~|~|x");
  CHECK(parts("<13>Nov 21 03:38:00 2026 web1 app: x") == "13|0|web1|app|~|~|~|x");
  CHECK(parts("<13>Nov 21 03:38:00 2026: app: x") == "13|0|~|app|~|~|~|x");
  CHECK(parts("<13>Nov 21 03:38:00 2001:db8::7 app: x") == "13|0|2001:db8::7|app|~|~|~|x");
  CHECK(parts("<13>Nov 21 03:38:00.250 web1 app: x") == "13|250|web1|app|~|~|~|x");
  CHECK(parts("<13>2026-11-21T05:38:00.5+02:00 web1 app: x") == "13|500|web1|app|~|~|~|x");
  CHECK(parts("2026-11-21T03:38:00Z web1 app[3]: x") == "~|0|web1|app|3|~|~|x");
}

TEST_CASE("Cisco's marks are stepped over") {
  CHECK(parts("<166>Nov 21 2026 03:38:00: %ASA-6-302013: Built inbound") ==
        "166|0|~|%ASA-6-302013|~|~|~|Built inbound");
  CHECK(parts("<166>Nov 21 2026 03:38:00 fw1 : %ASA-6-302013: Built") == "166|0|fw1|%ASA-6-302013|~|~|~|Built");
  CHECK(parts("<189>000123: *Nov 21 03:38:00.125 UTC: %SYS-5-CONFIG_I: x") == "189|125|~|%SYS-5-CONFIG_I|~|~|~|x");
  CHECK(parts("<189>77: .Nov 21 03:38:00: %LINK-3-UPDOWN: x") == "189|0|~|%LINK-3-UPDOWN|~|~|~|x");
}

TEST_CASE("RFC 5424 lines have all their parts") {
  CHECK(parts("<165>1 2026-11-21T03:38:00.003Z web1 evntslog 8710 ID47 [ex@32473 iut=\"3\"] \xEF\xBB\xBF"
              "An event") == "165|3|web1|evntslog|8710|ID47|[ex@32473 iut=\"3\"]|An event");
  CHECK(parts("<34>1 - - - - - -") == "34|~|~|~|~|~|~|~");
  CHECK(parts("<34>1 - - - - - - ") == "34|~|~|~|~|~|~|~");
  CHECK(parts("<34>1 - - - - - [a][b c=\"]\\]\\\"\"] x") == "34|~|~|~|~|~|[a][b c=\"]\\]\\\"\"]|x");
}

TEST_CASE("lines that are no syslog are refused with the reason") {
  CHECK(parts("") == "not a syslog line: neither a priority nor a time");
  CHECK(parts("hello world") == "not a syslog line: neither a priority nor a time");
  CHECK(parts("<>x") == "not a syslog line: neither a priority nor a time");
  CHECK(parts("<99999999999999>x") == "not a syslog line: neither a priority nor a time");
  CHECK(parts("<192>Nov 21 03:38:00 a b: c") == "not a syslog line: the priority is above 191");
  CHECK(parts("<34>1 yesterday - - - - -") == "not a syslog line: the time is not as RFC 5424 says");
  CHECK(parts("<34>1 - - - -") == "not a syslog line: it ends before the structured data");
  CHECK(parts("<34>1 - - - - - nothing") == "not a syslog line: malformed structured data");
  for (const char* data : {"[", "[a", "[a b]", "[a b=]", "[a b=\"]", "[a b=\"c\"", "[]", "[a]x", "[a b=\"\\"}) {
    CAPTURE(data);
    CHECK(parts("<34>1 - - - - - " + std::string(data)) == "not a syslog line: malformed structured data");
  }
}

TEST_CASE("the filter writes names and numbers and puts the words in place of the line") {
  Rig rig(Kind::Filter, "parse_syslog");
  rig.row("message", "<38>1 2026-11-21T03:38:00Z web1 sshd 812 - - Accepted").row("message", "junk").run();
  CHECK(rig.show(0) ==
        "message=\"Accepted\"(text) pri=38(integer) facility=\"auth\"(text) severity=\"info\"(text) "
        "time=1795232280000000000(time) host=\"web1\"(text) app=\"sshd\"(text) pid=\"812\"(text)");
  CHECK(rig.show(1) == "message=\"junk\"(text) parse_error=\"not a syslog line: neither a priority nor a time\"(text)");
  CHECK(rig.faults() == std::vector<int>{1});
  rig.clear();
  CHECK(rig.row("message", "<191>1 - - - - - -").run().show() ==
        "pri=191(integer) facility=\"local7\"(text) severity=\"debug\"(text)");
}

TEST_CASE("the line is kept when it stands under another key") {
  Rig rig(Kind::Filter, "parse_syslog", {{"key", "raw"}, {"keep_text", "yes"}});
  rig.row("raw", "<13>app: x").run();
  CHECK(rig.cell("raw")->bytes() == "<13>app: x");
  CHECK(rig.cell("message")->bytes() == "x");
  CHECK_THROWS_WITH(Rig(Kind::Filter, "parse_syslog", {{"keep_text", "yes"}}), Catch::Contains("keep_text: `message`"));
}

TEST_CASE("structured data becomes an object with its escapes undone") {
  Rig rig(Kind::Filter, "parse_syslog");
  rig.row("message", R"(<13>1 - - - - - [a x="1" y="q\"\]\\n\e"][b] m)").run();
  const Cell* cell = rig.cell("structured_data");
  REQUIRE(cell != nullptr);
  REQUIRE(cell->type == Type::Object);
  std::string_view b(
      "\xdf\x00\x00\x00\x02\xa1"
      "a\xdf\x00\x00\x00\x02\xa1x\xa1"
      "1\xa1y\xa7q\"]\\n\\e\xa1"
      "b\xdf\x00\x00\x00\x00",
      33);
  CHECK(cell->bytes() == b);
}

TEST_CASE("structured data that needs no escapes is the object of the same pairs") {
  Rig rig(Kind::Filter, "parse_syslog");
  std::string value(100, 'v');
  rig.row("message", "<13>1 - - - - - [a x=\"1\" y=\"" + value + "\"][b][c z=\"\"] m").run();
  const Cell* cell = rig.cell("structured_data");
  REQUIRE(cell != nullptr);
  REQUIRE(cell->type == Type::Object);
  std::string store;
  std::string_view bytes = object_bytes(*cell, store);
  CHECK(is_object(bytes));
  Payload text;
  append_json(text, Cell::of_slice(Type::Object, bytes), {});
  CHECK(text.bytes() == "{\"a\":{\"x\":\"1\",\"y\":\"" + value + "\"},\"b\":{},\"c\":{\"z\":\"\"}}");
  for (const char* odd : {R"([a x="\""])", R"([a\b x="1"])", "[a x=\"\xc3\xa9\"]", "[a x=\"\t\"]"}) {
    rig.clear();
    rig.row("message", "<13>1 - - - - - " + std::string(odd) + " m").run();
    CAPTURE(odd);
    REQUIRE(rig.cell("structured_data") != nullptr);
    CHECK(is_object(rig.cell("structured_data")->bytes()));
  }
}

TEST_CASE("structured data of any length is the object of its pairs, with what stands behind it left alone") {
  uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  auto word = [&random](size_t least) {
    std::string text(least + (random() % 8 == 0 ? random() % 200 : random() % 12), 'x');
    for (char& c : text) {
      c = "abcxyz0189@._-"[random() % 14];
    }
    return text;
  };
  for (int i = 0; i < 3000; i++) {
    std::string text;
    std::string wanted;
    for (size_t elements = 1 + random() % 3; elements > 0; elements--) {
      std::string id = word(1);
      text += "[" + id;
      wanted += (wanted.empty() ? "{\"" : ",\"") + id + "\":{";
      for (size_t pairs = random() % 4; pairs > 0; pairs--) {
        std::string name = word(1);
        bool is_odd = random() % 30 == 0;
        std::string value = word(0) + (random() % 4 == 0 ? "= ]" : "");
        text += " " + name + "=\"" + value + (is_odd ? "\\\"\"" : "\"");
        wanted += (wanted.back() == '{' ? "\"" : ",\"") + name + "\":\"" + value + (is_odd ? "\\\"\"" : "\"");
      }
      text += "]";
      wanted += "}";
    }
    size_t size = text.size();
    text += std::string(random() % 2, ' ') + std::string(random() % 3 * 40, 'm');
    std::vector<char> block(text.begin(), text.end());
    Arena arena;
    StructuredData data = take_structured_data({block.data(), block.size()}, arena);
    CAPTURE(text);
    REQUIRE(data.size == size);
    std::string store;
    Payload json;
    append_json(json, Cell::of_slice(Type::Object, object_bytes(data.object, store)), {});
    REQUIRE(json.bytes() == wanted + "}");
  }
}

TEST_CASE("random damage to syslog lines never reads beyond or half writes a row") {
  uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string lines[] = {
      "<165>1 2026-11-21T03:38:00.003Z web1 evntslog 8710 ID47 [ex@32473 iut=\"3\" a=\"\\\"\"][b c=\"d\"] An event",
      "<189>000123: *Nov 21 03:38:00.125 UTC: %SYS-5-CONFIG_I: x", "<38>Nov 21 03:38:00 web1 sshd[812]: Accepted key"};
  Rig rig(Kind::Filter, "parse_syslog");
  for (int i = 0; i < 30000; i++) {
    std::string line = lines[random() % 3];
    for (size_t changes = random() % 4; changes > 0; changes--) {
      line[random() % line.size()] = "<>[]\"\\ :=1\0\xff"[random() % 12];
    }
    line.resize(random() % 3 == 0 ? random() % line.size() : line.size());
    std::vector<char> block(line.begin(), line.end());
    rig.clear();
    rig.row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
    REQUIRE(rig.faults().empty() == (rig.cell("parse_error") == nullptr));
    REQUIRE_FALSE((!rig.faults().empty() && rig.cell("pri") != nullptr));
  }
}
