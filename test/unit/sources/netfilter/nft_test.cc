// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "sources/netfilter/netlink.hh"
#include "sources/netfilter/nft_change.hh"
#include "sources/netfilter/nft_object.hh"
#include "sources/netfilter/nft_trace.hh"
#include "test/unit/sources/netfilter/recorded.hh"

namespace stook::test {
namespace {

// As the kernel sent them, in a namespace with a table `t` of family ip.
/// `add rule ip t i udp dport 5000 meta nftrace set 1 comment "ssh"`
const char rule[] =
    "40010000060a000c04000000a936000002000002060001007400000006000200690000000c0003000000000000000003040104002400010009"
    "00"
    "01006d6574610000000014000200080002000000001008000100000000012c00010008000100636d7000200002000800010000000001080002"
    "00"
    "000000000c0003000500010011000000340001000c0001007061796c6f61640024000200080001000000000108000200000000020800030000"
    "00"
    "000208000400000000022c00010008000100636d700020000200080001000000000108000200000000000c00030006000100138800002c0001"
    "00"
    "0e000100696d6d6564696174650000001800020008000100000000010c000200050001000100000024000100090001006d6574610000000014"
    "00"
    "0200080002000000000c08000300000000010a0007000004737368000000";
/// `add element ip t s { 192.0.2.1 timeout 5s }`
const char element[] =
    "500000000c0a000400000000a936000002000002060001007400000006000200730000002c000300280001000c00010008000100c00002010c"
    "00"
    "040000000000000013880c0005000000000000001388";
const char generation[] = "2c0000000f0a000001000000a936000000000002080001000000000208000200000036a9080003006e667400";
/// A packet of UDP meets a rule, and then the chain's policy.
const char step[] =
    "a4000000110a000000000000000000000200000008000f0000000002080004000000000308000600b4b4f76606000200690000000600010074"
    "00"
    "00000c00030000000000000000030c00050008000100ffffffff08000a000000000106000b00030400001800080045000021394f4000401103"
    "7b"
    "7f0000017f0000011100090099a61388000dfe2068656c6c6f0000001200070000000000000000000000000008000000";
const char policy[] =
    "44000000110a000000000000000000000200000008000f0000000002080004000000000108000600b4b4f76606000200690000000600010074"
    "00"
    "00000800100000000001";
const char counter[] =
    "5c000000120a0208010000000b446fe4020000030600010074000000080002007765620008000300000000010c000600000000000000000408"
    "00"
    "0500000000001c0004000c00010000000000000000000c0002000000000000000000";
const char quota[] =
    "68000000120a0208010000000b446fe4020000030600010074000000090002006d6f73740000000008000300000000020c0006000000000000"
    "00"
    "00050800050000000000240004000c00010000000000001000000c00040000000000000000000800020000000001";

NetlinkMessage message_of(std::string_view datagram) {
  NetlinkCutter cutter(datagram);
  NetlinkMessage message;
  (void)cutter.next(message);
  return message;
}

TEST_CASE("recorded changes of rules are read") {
  NftChange change;
  Recorded first(rule);
  NetlinkMessage message = message_of(first.bytes());
  REQUIRE(is_nft_change(message.type));
  REQUIRE(read_nft_change(message.type, message.body, change));
  CHECK(change.is_new);
  CHECK(change.object == "rule");
  CHECK(nft_family(change.family) == "ip");
  CHECK(change.table == "t");
  CHECK(change.chain == "i");
  CHECK(change.handle == 3);
  CHECK(change.comment == "ssh");
  CHECK(change.generation == 2);
  Recorded second(element);
  message = message_of(second.bytes());
  REQUIRE(read_nft_change(message.type, message.body, change));
  CHECK(change.object == "set_elem");
  CHECK(change.set == "s");
  NftElement one;
  REQUIRE(read_nft_element(change.elements, 0, one));
  CHECK(one.key == std::string("\xc0\0\x02\x01", 4));
  CHECK(one.timeout == 5000);
  CHECK_FALSE(one.is_end);
  CHECK_FALSE(read_nft_element(change.elements, 1, one));
  Recorded third(generation);
  message = message_of(third.bytes());
  REQUIRE(read_nft_change(message.type, message.body, change));
  CHECK(change.object == "gen");
  CHECK(change.generation == 2);
  CHECK(change.process == "nft");
  CHECK(change.pid == 0x36a9);
  CHECK_FALSE(is_nft_change(0x0a11));
}

TEST_CASE("recorded steps of a packet are read") {
  NftTrace trace;
  Recorded first(step);
  REQUIRE(read_nft_trace(message_of(first.bytes()).body, trace));
  CHECK(trace.id == 0xb4b4f766);
  CHECK(trace.kind == "rule");
  CHECK(trace.verdict == "continue");
  CHECK(trace.table == "t");
  CHECK(trace.chain == "i");
  CHECK(trace.handle == 3);
  CHECK(trace.in == 1);
  CHECK(trace.in_type == 772);
  CHECK(trace.protocol == 2);
  CHECK(trace.network_header.size() == 20);
  CHECK(trace.transport_header.substr(8) == "hello");
  CHECK(trace.link_header.size() == 14);
  Recorded second(policy);
  REQUIRE(read_nft_trace(message_of(second.bytes()).body, trace));
  CHECK(trace.kind == "policy");
  CHECK(trace.policy == "accept");
  CHECK(trace.network_header.empty());
}

TEST_CASE("recorded counters and quotas are read") {
  NftObject object;
  Recorded first(counter);
  REQUIRE(read_nft_object(message_of(first.bytes()).body, object));
  CHECK(object.name == "web");
  CHECK(object.table == "t");
  CHECK(object.type == 1);
  Recorded second(quota);
  REQUIRE(read_nft_object(message_of(second.bytes()).body, object));
  CHECK(object.name == "most");
  CHECK(object.limit == 1 << 20);
  CHECK(object.flags == 1);
}

TEST_CASE("messages of nftables that are cut or damaged are read inside of their bytes or refused") {
  uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (const char* whole : {rule, element, generation, step, policy, counter, quota}) {
    for (int i = 0; i < 500; i++) {
      Recorded damaged(whole);
      for (int n = 0; n < 3; n++) {
        damaged.data()[16 + random() % (damaged.bytes().size() - 16)] = static_cast<char>(random());
      }
      NetlinkMessage message = message_of(damaged.bytes());
      NftChange change;
      NftElement one;
      size_t elements = 0;
      if (read_nft_change(message.type, message.body, change)) {
        while (read_nft_element(change.elements, elements, one)) {
          elements++;
        }
      }
      REQUIRE(elements <= damaged.bytes().size() / 4);
      NftTrace trace;
      NftObject object;
      (void)read_nft_trace(message.body, trace);
      (void)read_nft_object(message.body, object);
      REQUIRE(trace.network_header.size() + object.name.size() <= 2 * damaged.bytes().size());
    }
  }
}

}  // namespace
}  // namespace stook::test
