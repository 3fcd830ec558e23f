// SPDX-License-Identifier: Apache-2.0
#include <linux/netfilter/nf_tables.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "sources/netfilter/netlink.hh"
#include "sources/netfilter/set_element.hh"
#include "sources/netfilter/set_key.hh"

namespace stook::test {
namespace {

constexpr SetShape addresses{7, 4, 0};
constexpr SetShape networks{7, 4, NFT_SET_INTERVAL};
constexpr SetShape services{7 << 12 | 12 << 6 | 13, 12, 0};  // ipv4_addr . inet_proto . inet_service
constexpr SetShape service_ranges{7 << 6 | 13, 8, NFT_SET_INTERVAL | NFT_SET_CONCAT};
constexpr SetShape ports_to_marks{13, 2, NFT_SET_MAP, 19, 4};
constexpr SetShape verdicts{7, 4, NFT_SET_MAP | NFT_SET_INTERVAL, NFT_DATA_VERDICT, 16};

std::string hex(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// The bytes of the element's key and of that behind its end, its value and
/// time; or why there is none.
std::string shown(std::string_view line, const SetShape& shape) {
  SetElement element;
  std::string why = read_set_element(line, shape, element);
  if (!why.empty()) {
    return why;
  }
  std::string end = element.is_concatenation ? element.last : key_behind(element.last);
  std::string value = element.is_verdict ? std::to_string(element.verdict) + element.chain : hex(element.value);
  return (element.is_added ? "+" : "-") + hex(element.first) + (element.is_interval ? ".." + hex(end) : "") +
         (value.empty() ? "" : ":" + value) + (element.timeout > 0 ? " " + std::to_string(element.timeout) : "");
}

TEST_CASE(
    "a line is an element of the set's kind, and says what is to be done "
    "with it") {
  CHECK(shown("192.0.2.7", addresses) == "+c0000207");
  CHECK(shown("add 192.0.2.7 10m", addresses) == "+c0000207 600000");
  CHECK(shown("delete  192.0.2.7 ", addresses) == "-c0000207");
  CHECK(shown("2001:db8::7", {8, 16, 0}) == "+20010db8000000000000000000000007");
  CHECK(shown("02:00:00:00:00:0A", {9, 6, 0}) == "+02000000000a");
  CHECK(shown("443", {13, 2, 0}) == "+01bb");
  CHECK(shown("6", {12, 1, 0}) == "+06");
  CHECK(shown("0x1", {19, 4, 0}) == "+01000000");
}

TEST_CASE("sets of intervals take networks and ranges, and what is behind them") {
  CHECK(shown("192.0.2.7", networks) == "+c0000207..c0000208");
  CHECK(shown("192.0.2.7/24", networks) == "+c0000200..c0000300");
  CHECK(shown("0.0.0.0/0", networks) == "+00000000..");
  CHECK(shown("192.0.2.255-192.0.3.1", networks) == "+c00002ff..c0000302");
  CHECK(shown("255.255.255.255", networks) == "+ffffffff..");
  CHECK(shown("80-90", {13, 2, NFT_SET_INTERVAL}) == "+0050..005b");
}

TEST_CASE(
    "parts of a concatenation stand behind each other, each filled up to "
    "four bytes") {
  CHECK(shown("192.0.2.7 . 6 . 443", services) ==
        "+c0000207"
        "06000000"
        "01bb0000");
  CHECK(shown("delete 192.0.2.7 . 6 . 443", services) ==
        "-c0000207"
        "06000000"
        "01bb0000");
  CHECK(shown("192.0.2.0/24 . 80-90 5s", service_ranges) ==
        "+c0000200"
        "00500000"
        "..c00002ff"
        "005a0000"
        " 5000");
  CHECK(shown("192.0.2.7 . 80", service_ranges) ==
        "+c0000207"
        "00500000"
        "..c0000207"
        "00500000");
  for (const char* line :
       {"192.0.2.7", "192.0.2.7 . 6", "192.0.2.7 6 443", "192.0.2.7 . 6 . 443 .", "192.0.2.7.6.443"}) {
    CHECK(shown(line, services).front() != '+');
  }
  CHECK(shown("192.0.2.7 . 6 . 443 . 1", services) == "'.' is no time behind an element");
}

TEST_CASE("elements of maps have values or verdicts") {
  CHECK(shown("443 : 0x10", ports_to_marks) == "+01bb:10000000");
  CHECK(shown("add 443 : 1 2s", ports_to_marks) == "+01bb:01000000 2000");
  CHECK(shown("delete 443", ports_to_marks) == "-01bb");
  CHECK(shown("443", ports_to_marks) == "'443' has no value; elements of a map are KEY : VALUE");
  for (const char* line : {"443 :", "443 : x", "443 : 0x100000000"}) {
    CHECK(shown(line, ports_to_marks) == "'" + std::string(line) + "' has no value of this set behind its key");
  }
  CHECK(shown("192.0.2.7 : 1", addresses) == "'192.0.2.7 : 1' has no value of this set behind its key");
  CHECK(shown("192.0.2.0/24 : drop", verdicts) == "+c0000200..c0000300:0");
  CHECK(shown("192.0.2.0/24 : accept 1m", verdicts) == "+c0000200..c0000300:1 60000");
  CHECK(shown("192.0.2.7 : jump web", verdicts) == "+c0000207..c0000208:-3web");
  CHECK(shown("192.0.2.7 : return", verdicts) == "+c0000207..c0000208:-5");
  for (const char* line : {"192.0.2.7 : jump", "192.0.2.7 : reject", "192.0.2.7 :"}) {
    CHECK(shown(line, verdicts) == "'" + std::string(line) + "' has no value of this set behind its key");
  }
}

TEST_CASE("what is no element is told") {
  for (const char* line : {"", "add", "192.0.2", "192.0.2.7/24", "192.0.2.1-192.0.2.2", "remove 192.0.2.7", "::1"}) {
    CHECK(shown(line, addresses) == "'" + std::string(line) + "' is no element of this set");
  }
  for (const char* line : {"192.0.2.7/33", "192.0.2.7/", "192.0.2.9-192.0.2.7", "192.0.2.7-", "/8"}) {
    CHECK(shown(line, networks) == "'" + std::string(line) + "' is no element of this set");
  }
  CHECK(shown("65536", {13, 2, 0}) == "'65536' is no element of this set");
  CHECK(shown("02:00:00:00:00", {9, 6, 0}) == "'02:00:00:00:00' is no element of this set");
  CHECK(shown("02:00:00:00:00:0a:", {9, 6, 0}) == "'02:00:00:00:00:0a:' is no element of this set");
  CHECK(shown("192.0.2.7 soon", addresses) == "'soon' is no time behind an element");
  CHECK(shown("delete 192.0.2.7 5s", addresses) == "'5s' is no time behind an element");
  CHECK(shown("192.0.2.7 5s 6", addresses) == "there is more than an element and its time");
  uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::string_view letters = "0123456789abcdefx:./- adelt";
  for (int i = 0; i < 20000; i++) {
    std::string line(random() % 24, ' ');
    for (char& letter : line) {
      letter = letters[random() % letters.size()];
    }
    for (const SetShape& shape : {addresses, networks, SetShape{9, 6, 0}, SetShape{13, 2, NFT_SET_INTERVAL}, services,
                                  service_ranges, ports_to_marks, verdicts}) {
      SetElement element;
      CAPTURE(line);
      REQUIRE((!read_set_element(line, shape, element).empty() || element.first.size() == shape.key_size));
    }
  }
}

TEST_CASE("a set has a place and a shape") {
  SetPlace place = read_set_place("inet  filter banned");
  CHECK(place.family == 1);
  CHECK(place.table == "filter");
  CHECK(place.set == "banned");
  for (const char* text : {"", "filter banned", "inet filter banned now", "any filter banned"}) {
    CHECK_THROWS(read_set_place(text));
  }
  CHECK_THROWS(read_set_place("inet filter " + std::string(300, 'x')));
  CHECK(lack_of_set(addresses).empty());
  for (const SetShape& shape : {services, service_ranges, ports_to_marks, verdicts}) {
    CHECK(lack_of_set(shape).empty());
  }
  CHECK(lack_of_set({7, 4, NFT_SET_MAP | NFT_SET_OBJECT}) ==
        "is a map of objects; a set is needed, or a map of values or verdicts");
  CHECK_FALSE(lack_of_set({7, 4, NFT_SET_MAP, 41, 16}).empty());
  CHECK_FALSE(lack_of_set({19 << 6 | 7, 8, NFT_SET_INTERVAL | NFT_SET_CONCAT}).empty());
  CHECK_FALSE(lack_of_set({7 << 6 | 13, 6, 0}).empty());
  CHECK_FALSE(lack_of_set({458, 8, 0}).empty());
}

TEST_CASE("a transaction is a begin, a message for each element, and an end") {
  SetBatch batch;
  SetElement element;
  REQUIRE(read_set_element("192.0.2.7 5s", networks, element).empty());
  batch.begin();
  batch.put(read_set_place("ip t banned"), element, 1);
  batch.end();
  NetlinkCutter cutter(batch.bytes());
  NetlinkMessage message;
  REQUIRE(cutter.next(message));
  CHECK(message.type == 0x10);
  REQUIRE(cutter.next(message));
  CHECK(message.sequence == 1);
  CHECK(message.type == 0x0a0c);
  CHECK(hex(message.body) ==
        "0200000006000100740000000b00020062616e6e65640000380003801c0001800c0004"
        "0000000000000013880c00018008000100"
        "c00002071800018008000300000000010c00018008000100c0000208");
  REQUIRE(cutter.next(message));
  CHECK(message.type == 0x11);
  CHECK_FALSE(cutter.next(message));
  CHECK_FALSE(cutter.is_torn());
}

}  // namespace
}  // namespace stook::test
