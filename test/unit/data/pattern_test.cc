// SPDX-License-Identifier: Apache-2.0
#include "core/data/pattern.hh"

#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <random>
#include <stdexcept>
#include <string>

using namespace stook;

namespace {
std::string time_of(int64_t ns) {
  char buffer[40];
  return std::string(buffer, put_time(buffer, ns));
}
std::string address_of(std::string_view bytes) {
  char buffer[46];
  return std::string(buffer, put_address(buffer, bytes));
}
std::string error_of(const char* text) {
  try {
    Pattern pattern(text);
    return "no error";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}
// One row of cells and the text that a pattern makes of it.
struct Scene {
  KeySchema schema;
  OpenKeys keys{schema, 16};
  Bundle bundle{4, 4, 16};
  Selection rows;
  ElementMeter meter;
  Scene() { rows.add(bundle.append()); }
  Scene& put(std::string_view key, const Cell& cell) {
    bundle.put(keys.intern(key), 0, cell);
    return *this;
  }
  std::string expand(std::string_view text, bool is_address = false) {
    Pattern pattern(text);
    std::vector<KeyId> ids;
    for (const std::string& name : pattern.keys()) {
      ids.push_back(keys.find(name));
    }
    Batch batch(bundle, rows, keys, {}, meter);
    Payload out;
    is_address ? pattern.expand_address(batch, ids.data(), 0, out) : pattern.expand(batch, ids.data(), 0, out);
    return std::string(out.bytes());
  }
};
}  // namespace

TEST_CASE("times are written to the digit that counts") {
  CHECK(time_of(0) == "1970-01-01T00:00:00Z");
  CHECK(time_of(1795232280'000000000) == "2026-11-21T03:38:00Z");
  CHECK(time_of(1795232280'100000000) == "2026-11-21T03:38:00.100Z");
  CHECK(time_of(1795232280'000001000) == "2026-11-21T03:38:00.000001Z");
  CHECK(time_of(1795232280'000000001) == "2026-11-21T03:38:00.000000001Z");
  CHECK(time_of(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(time_of(951782400'000000000) == "2000-02-29T00:00:00Z");
  CHECK(time_of(INT64_MIN) == "1677-09-21T00:12:43.145224192Z");
  CHECK(time_of(INT64_MAX) == "2262-04-11T23:47:16.854775807Z");
}

TEST_CASE("what is remembered of the last time changes no other") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  TimeMemo memo;
  int64_t ns = 0;
  for (int round = 0; round < 20000; round++) {
    constexpr int64_t steps[] = {0, 1, 1'000'000, 1'000'000'000, 86400'000'000'000, INT64_MAX / 4};
    int64_t step = steps[random() % std::size(steps)];
    ns = random() % 4 == 0 ? step : ns / 2 + (random() % 2 == 0 ? step : -step);
    char buffer[40];
    REQUIRE(std::string(buffer, memo.put(buffer, ns)) == time_of(ns));
  }
}

TEST_CASE("addresses are written as RFC 5952 says") {
  auto six = [](const char* text) {
    char bytes[16];
    REQUIRE(inet_pton(AF_INET6, text, bytes) == 1);
    return address_of({bytes, 16});
  };
  CHECK(address_of({"\xc0\xa8\x00\xff", 4}) == "192.168.0.255");
  CHECK(address_of({"\x0a\x09\x63\x64", 4}) == "10.9.99.100");
  for (const char* text : {"::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "2001:db8::1:0:0:1",
                           "::ffff:192.0.2.1", "fe80::abcd:12:3", "1:2:3:4:5:6:7:8", "1:0:0:2::3", "::2:0:0:0"}) {
    CHECK(six(text) == text);
  }
}

TEST_CASE("random addresses read back as the same bytes") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 10000; round++) {
    char bytes[16];
    char back[16];
    for (char& c : bytes) {
      c = static_cast<char>(random() % 3 == 0 ? random() : 0);
    }
    REQUIRE(inet_pton(AF_INET6, address_of({bytes, 16}).c_str(), back) == 1);
    REQUIRE(std::string_view(bytes, 16) == std::string_view(back, 16));
  }
}

TEST_CASE("a pattern names its keys once, in order of first use") {
  Pattern pattern("$b.c ${a} $$ ${b.c:-none} ${time:%Y}");
  CHECK(pattern.keys() == std::vector<std::string>{"b.c", "a", "time"});
  CHECK(pattern.has_keys());
  CHECK_FALSE(Pattern("/var/log/x$$").has_keys());
}

TEST_CASE("a dot ends a name in a path and nowhere else") {
  CHECK(Pattern("$host.log").keys() == std::vector<std::string>{"host.log"});
  CHECK(Pattern("/l/$host.log", true).keys() == std::vector<std::string>{"host"});
  CHECK(Pattern("/l/${src.ip}.log", true).keys() == std::vector<std::string>{"src.ip"});
}

TEST_CASE("a pattern writes values, defaults, times and escapes") {
  Scene scene;
  scene.put("status", Cell::of_integer(404)).put("path", Cell::of_text("/x"));
  scene.put("time", Cell::of_time(1795232280'000000000)).put("ip.saddr", Cell::of_slice(Type::Address, "\x0a\1\2\3"));
  CHECK(scene.expand("$ip.saddr $status. ${path}\\n") == "10.1.2.3 404. /x\n");
  CHECK(scene.expand("${none:-a b}|$none|$$\\x41\\\\") == "a b||$A\\");
  CHECK(scene.expand("${time:%Y-%m-%d %H:%M} $time") == "2026-11-21 03:38 2026-11-21T03:38:00Z");
  CHECK(scene.expand("") == "");
}

TEST_CASE("what a key puts into a path cannot leave its place") {
  Scene scene;
  scene.put("host", Cell::of_text("../../etc/passwd")).put("dots", Cell::of_text("..")).put("dot", Cell::of_text("."));
  scene.put("good", Cell::of_text("web-1.example"));
  scene.put("odd", Cell::of_text("a\nb/ü")).put("empty", Cell::of_text(""));
  scene.put("time", Cell::of_time(1795232280'000000000));
  std::string large(300, 'x');
  scene.put("long", Cell::of_text(large));
  CHECK(scene.expand("/l/$host/x", true) == "/l/_._.__etc_passwd/x");
  CHECK(scene.expand("/l/$dots/$dot", true) == "/l/_./_");
  CHECK(scene.expand("/l/$good.$odd", true) == "/l/web-1.example.a_b___");
  CHECK(scene.expand("/l/$empty/$none/${none:-other}", true) == "/l/_/_/other");
  CHECK(scene.expand("$long", true).size() == Pattern::address_limit);
  CHECK(scene.expand("/l/${time:%Y/%m}/x", true) == "/l/2026_11/x");
}

TEST_CASE("a wrong pattern says what would be right") {
  CHECK(error_of("a $ b") == "a $ without a name behind it; write $$ for a dollar");
  CHECK(error_of("${a") == "${ without }; write $$ for a dollar");
  CHECK(error_of("${}") == "${} without a name; write $$ for a dollar");
  CHECK(error_of("a\\q") == "unknown escape \\q; known are \\n \\t \\r \\0 \\xNN \\\\");
  CHECK(error_of("a\\") == "a backslash at the end; write \\\\ for a backslash");
  CHECK(error_of("\\x1") == "\\x without two hexadecimal digits; \\x1b is an escape character");
}
