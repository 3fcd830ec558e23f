// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr char ordinary[] =
    R"(192.0.2.7 - alice [21/Nov/2026:03:38:00 +0000] "GET /a?b=1 HTTP/2.0" 200 4156 "https://e.org/" "curl/8")";

Rig access(const Options& options = {}) {
  return Rig(Kind::Filter, "parse_access", options);
}

/// The row that a format makes of a line.
std::string parse(const std::string& format, std::string_view line) {
  Rig rig = access({{"format", format}});
  return rig.row("message", line).run().show();
}

/// Why a line is refused; empty when it is not.
std::string refusal(Rig& rig, std::string_view line) {
  rig.clear();
  rig.row("message", line).run();
  const Cell* error = rig.cell("parse_error");
  CHECK((error != nullptr) == (rig.faults() == std::vector<int>{0}));
  CHECK((error != nullptr) == (rig.cell("message") != nullptr));
  return error == nullptr ? "" : std::string(error->bytes());
}
}  // namespace

TEST_CASE("a combined line becomes its keys, and its text goes") {
  Rig rig = access();
  rig.row("message", ordinary).run();
  CHECK(rig.show() ==
        "remote_addr=\"192.0.2.7\"(text) remote_user=\"alice\"(text) time=1795232280000000000(time) "
        "method=\"GET\"(text) path=\"/a?b=1\"(text) protocol=\"HTTP/2.0\"(text) status=200(integer) "
        "body_bytes_sent=4156(integer) http_referer=\"https://e.org/\"(text) http_user_agent=\"curl/8\"(text)");
  CHECK(rig.faults().empty());
}

TEST_CASE("a dash is an absent key, an empty text is a value") {
  CHECK(parse("combined", R"(::1 - - [21/Nov/2026:03:38:00 +0000] "-" 400 - "" "-")") ==
        "remote_addr=\"::1\"(text) time=1795232280000000000(time) status=400(integer) http_referer=\"\"(text)");
}

TEST_CASE("the text stays when it is to be kept") {
  Rig rig = access({{"keep_text", "yes"}});
  rig.row("message", ordinary).run();
  REQUIRE(rig.cell("message") != nullptr);
  CHECK(rig.cell("message")->bytes() == ordinary);
}

TEST_CASE("a request that is none stays in one piece") {
  auto request = [](std::string_view text) {
    std::string line = R"(::1 - - [21/Nov/2026:03:38:00 +0000] ")" + std::string(text) + R"(" 400 0)";
    Rig rig = access({{"format", "common"}});
    rig.row("message", line).run();
    std::string shown;
    for (const char* key : {"request", "method", "path", "protocol"}) {
      const Cell* cell = rig.cell(key);
      shown += cell == nullptr ? "" : std::string(shown.empty() ? "" : " ") + key + "=" + std::string(cell->bytes());
    }
    return shown;
  };
  CHECK(request("SSH-2.0-Go") == "request=SSH-2.0-Go");
  CHECK(request("") == "request=");
  CHECK(request(" x") == "request= x");
  CHECK(request("GET /") == "method=GET path=/");
  CHECK(request("GET /a b c HTTP/1.1") == "method=GET path=/a b c protocol=HTTP/1.1");
  CHECK(request("GET HTTP/1.1") == "method=GET path=HTTP/1.1");
  CHECK(request(R"(\x16\x03\x01)") == "request=\x16\x03\x01");
  CHECK(request(R"(GET /\x22q\x22\xD0\xBF HTTP/1.1)") == "method=GET path=/\"q\"\xD0\xBF protocol=HTTP/1.1");
}

TEST_CASE("a request is not split when that is not wanted") {
  Rig rig = access({{"split_request", "no"}});
  rig.row("message", ordinary).run();
  CHECK(rig.cell("request")->bytes() == "GET /a?b=1 HTTP/2.0");
  CHECK(rig.cell("method") == nullptr);
}

TEST_CASE("escapes are undone, unknown ones stay, and escape = none leaves all") {
  std::string line = R"("a\x22b\"c\\d\x5Ce\u00e9\q\x1")";
  Rig rig = access({{"format", "\"$http_a\""}});
  rig.row("message", line).run();
  CHECK(rig.cell("http_a")->bytes() == "a\"b\"c\\d\\e\xC3\xA9\\q\\x1");
  Rig plain = access({{"format", "\"$http_a\""}, {"escape", "none"}});
  plain.row("message", R"("a\x22b\")").run();
  CHECK(plain.cell("http_a")->bytes() == R"(a\x22b\)");
}

TEST_CASE("an nginx format is understood with braces, times and numbers") {
  CHECK(parse("$time_iso8601|$msec|${request_time}|$upstream_response_time|$upstream_status|$host",
              "2026-11-21T03:38:00+00:00|1795232280.123|0.004|0.1, 0.2|502, 200|e.org") ==
        "time=1795232280000000000(time) msec=1795232280123000000(time) request_time=0.0040000000000000001(real) "
        "upstream_response_time=\"0.1, 0.2\"(text) upstream_status=\"502, 200\"(text) host=\"e.org\"(text)");
  CHECK(parse("$upstream_response_time $upstream_status", "0.25 200") ==
        "upstream_response_time=0.25(real) upstream_status=200(integer)");
  CHECK(parse("$upstream_response_time $upstream_addr $pid", "0.1, 0.2 : 0.3 a:1, b:2 : c:3 7") ==
        "upstream_response_time=\"0.1, 0.2 : 0.3\"(text) upstream_addr=\"a:1, b:2 : c:3\"(text) pid=7(integer)");
  CHECK(
      parse("$http_x_forwarded_for - $remote_user [$msec]", "1.1.1.1, 2.2.2.2 - john doe [1795232280.123]") ==
      "http_x_forwarded_for=\"1.1.1.1, 2.2.2.2\"(text) remote_user=\"john doe\"(text) msec=1795232280123000000(time)");
}

TEST_CASE("an Apache format gives nginx's keys") {
  CHECK(parse(R"(%v:%p %a %l %u %t \"%r\" %>s %O %D %{ms}T \"%!200{User-Agent}i\" %{X-Id}o %{sid}C %%)",
              R"(e.org:443 ::1 - - [21/Nov/2026:03:38:00 +0000] "GET / HTTP/1.1" 200 77 1500 2 "x" i-1 s2 %)") ==
        "server_name=\"e.org\"(text) server_port=443(integer) remote_addr=\"::1\"(text) "
        "time=1795232280000000000(time) method=\"GET\"(text) path=\"/\"(text) protocol=\"HTTP/1.1\"(text) "
        "status=200(integer) bytes_sent=77(integer) request_time_us=1500(integer) request_time_ms=2(integer) "
        "http_user_agent=\"x\"(text) sent_http_x_id=\"i-1\"(text) cookie_sid=\"s2\"(text)");
  CHECK(parse("%{%Y-%m-%d %T}t %{sec}t", "2026-11-21 03:38:00 99") == "time=1795232280000000000(time)");
}

TEST_CASE("types of fields are given as options") {
  Rig rig = access({{"format", "$a $b $status"}, {"types", "a:integer, b:real, status:text"}});
  rig.row("message", "7 2.5 200").run();
  CHECK(rig.show() == "a=7(integer) b=2.5(real) status=\"200\"(text)");
  CHECK_THROWS_WITH(access({{"types", "nothing:integer"}}), Catch::Contains("types: \"nothing:integer\" is no field"));
  CHECK_THROWS_WITH(access({{"types", "status:colour"}}), Catch::Contains("is no field of the format with"));
}

TEST_CASE("a line that does not follow the format is refused with the field that fails") {
  Rig rig = access();
  CHECK(refusal(rig, ordinary) == "");
  CHECK(refusal(rig, "") == "not an access line: `remote_addr` is not followed by what the format says");
  CHECK(refusal(rig, "x") == "not an access line: `remote_addr` is not followed by what the format says");
  CHECK(refusal(rig, "::1 - - [21/Nov/2026:03:38:00 +0000 \"GET") ==
        "not an access line: `time` has no closing bracket");
  CHECK(refusal(rig, R"(::1 - - [yesterday] "GET / HTTP/1.1" 200 1 "-" "-")") ==
        "not an access line: `time` is no time");
  CHECK(refusal(rig, R"(::1 - - [21/Nov/2026:03:38:00 +0000] "GET / HTTP/1.1)") ==
        "not an access line: `request` has no closing quote");
  CHECK(refusal(rig, R"(::1 - - [21/Nov/2026:03:38:00 +0000] "GET" 2x0 1 "-" "-")") ==
        "not an access line: `status` is no integer");
  CHECK(refusal(rig, R"(::1 - - [21/Nov/2026:03:38:00 +0000] "GET" 99999999999999999999 1 "-" "-")") ==
        "not an access line: `status` is no integer");
  CHECK(refusal(rig, R"(::1 - - [21/Nov/2026:03:38:00 +0000] "GET" 200 1)") ==
        "not an access line: `body_bytes_sent` is not followed by what the format says");
  CHECK(refusal(rig, R"(::1 - - [21/Nov/2026:03:38:00 +0000] "GET" 200 1 "-" "a\")") ==
        "not an access line: `http_user_agent` has no closing quote");
  CHECK(refusal(rig, std::string(ordinary) + " more") == "not an access line: text follows the end of the format");
  CHECK(refusal(rig, ordinary) == "");
  Rig headed = access({{"format", "<$status>"}});
  CHECK(refusal(headed, "200>") == "not an access line: it does not begin as the format does");
}

TEST_CASE("a refused row keeps its text and touches no other row") {
  Rig rig = access();
  rig.row("message", ordinary).row("message", "garbage").row("other", "x").row("message", ordinary).run();
  CHECK(rig.faults() == std::vector<int>{1, 2});
  CHECK(rig.show(1) ==
        "message=\"garbage\"(text) parse_error=\"not an access line: `remote_addr` is not followed by what the format "
        "says\"(text)");
  CHECK(rig.show(2) == "parse_error=\"not an access line: the row has no text\"(text) other=\"x\"(text)");
  CHECK(rig.show(0) == rig.show(3));
}

TEST_CASE("a format that is none is refused with what is wrong") {
  CHECK_THROWS_WITH(access({{"format", ""}}), Catch::Contains("names no field"));
  CHECK_THROWS_WITH(access({{"format", "$a$b"}}), Catch::Contains("the field before `b` has no end"));
  CHECK_THROWS_WITH(access({{"format", "${a"}}), Catch::Contains("needs its }"));
  CHECK_THROWS_WITH(access({{"format", "%h %J"}}), Catch::Contains("\"%J\" is no directive"));
  CHECK_THROWS_WITH(access({{"format", "%h %{x"}}), Catch::Contains("is no directive"));
  CHECK_THROWS_WITH(access({{"format", "%{%Q}t"}}), Catch::Contains("\"%Q\" is no part of a time format"));
  CHECK_THROWS_WITH(access({{"zone", "Mars"}}), Catch::Contains("is no zone"));
  std::string many;
  for (int i = 0; i < 49; i++) {
    many += "$a" + std::to_string(i) + " ";
  }
  CHECK_THROWS_WITH(access({{"format", many}}), Catch::Contains("at most 48"));
}

TEST_CASE("hostile bytes are carried or refused, never read beyond") {
  Rig rig = access({{"format", "$a \"$b\""}});
  std::string nul("x\0y \"\xff\xfe\0\"", 9);
  rig.row("message", nul).run();
  CHECK(rig.cell("a")->bytes() == std::string_view("x\0y", 3));
  CHECK(rig.cell("b")->bytes() == std::string_view("\xff\xfe\0", 3));
  std::string large = "x \"" + std::string(1 << 20, 'z') + "\"";
  rig.clear();
  rig.row("message", large).run();
  CHECK(rig.cell("b")->bytes().size() == 1 << 20);
  CHECK(refusal(rig, "x \"" + std::string(1 << 20, '\\')) == "not an access line: `b` has no closing quote");
}

TEST_CASE("random cuts and changes of a line never make a half-parsed row") {
  uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Rig rig = access();
  for (int i = 0; i < 20000; i++) {
    std::string line = ordinary;
    for (int changes = static_cast<int>(random() % 4); changes > 0; changes--) {
      line[random() % line.size()] = static_cast<char>(random());
    }
    line.resize(random() % 3 == 0 ? random() % line.size() : line.size());
    // a block of its own, so that a sanitizer sees every byte read beyond
    std::vector<char> block(line.begin(), line.end());
    rig.clear();
    rig.row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
    bool is_refused = !rig.faults().empty();
    REQUIRE(is_refused == (rig.cell("parse_error") != nullptr));
    REQUIRE(is_refused == (rig.cell("message") != nullptr));
    REQUIRE_FALSE((is_refused && rig.cell("remote_addr") != nullptr));
  }
}
