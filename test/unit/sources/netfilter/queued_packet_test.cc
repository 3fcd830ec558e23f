// SPDX-License-Identifier: Apache-2.0
#include <linux/netfilter/nfnetlink_log.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "sources/netfilter/netlink.hh"
#include "sources/netfilter/packet_verdict.hh"
#include "sources/netfilter/queued_packet.hh"
#include "test/unit/sources/netfilter/recorded.hh"

namespace stook::test {
namespace {

/// As the kernel sent them for queue 3 with 48 bytes of each packet: UDP of uid 0 as it left, UDP with the mark 9 as it came
/// in, and UDP over IPv6 as it came in.
const char left[] =
    "5d000000000300000000000000000000020000030b0001000000000108000300080006000000000108001000000000000800110000000000"
    "25000a0045000021976440004011a5657f0000017f000001a31e1388000d075968656c6c6f";
const char came[] =
    "65000000000300000000000000000000020000030b0001000000000208000100080005000000000108000300000000091000090000060000"
    "000000000000000025000a0045000021976540004011a5647f0000017f000001a5991389000d04dd68656c6c6f";
const char six[] =
    "740000000003000000000000000000000a0000030b0001000000000386dd0100080005000000000110000900000600000000000000000000"
    "08000d000000004b34000a0060053ac3002311400000000000000000000000000000000100000000000000000000000000000001899e1388"
    "002318dd";

bool read(std::string_view datagram, QueuedPacket& queued) {
  NetlinkCutter cutter(datagram);
  NetlinkMessage message;
  return cutter.next(message) && read_queued_packet(message.body, queued);
}

TEST_CASE("recorded packets of a queue are read: what left, what came in, and one of which less was copied") {
  QueuedPacket queued;
  Recorded first(left);
  REQUIRE(read(first.bytes(), queued));
  CHECK(queued.id == 1);
  CHECK(queued.packet.group == 3);
  CHECK(queued.packet.hook == 3);
  CHECK(queued.packet.family == 2);
  CHECK(queued.packet.protocol == 0x0800);
  CHECK(queued.packet.out == 1);
  CHECK(queued.packet.has(NFULA_UID));
  CHECK(queued.packet.has(NFULA_GID));
  CHECK_FALSE(queued.packet.has(NFULA_MARK));
  CHECK(queued.packet.payload.substr(28) == "hello");
  CHECK(queued.size == 33);
  Recorded second(came);
  REQUIRE(read(second.bytes(), queued));
  CHECK(queued.id == 2);
  CHECK(queued.packet.hook == 1);
  CHECK(queued.packet.in == 1);
  CHECK(queued.packet.mark == 9);
  CHECK(queued.packet.mac_source == std::string(6, '\0'));
  CHECK_FALSE(queued.packet.has(NFULA_UID));
  Recorded third(six);
  REQUIRE(read(third.bytes(), queued));
  CHECK(queued.packet.family == 10);
  CHECK(queued.packet.protocol == 0x86dd);
  CHECK(queued.packet.payload.size() == 48);
  CHECK(queued.size == 75);
}

TEST_CASE("a packet that is cut anywhere, or damaged, is read inside of its bytes or refused") {
  Recorded whole(came);
  QueuedPacket queued;
  for (size_t size = 0; size < whole.bytes().size(); size++) {
    CAPTURE(size);
    REQUIRE_FALSE(read(whole.cut(size), queued));
  }
  uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; i++) {
    Recorded damaged(came);
    for (int n = 0; n < 4; n++) {
      damaged.data()[random() % damaged.bytes().size()] = static_cast<char>(random());
    }
    if (read(damaged.bytes(), queued)) {
      REQUIRE(queued.has_id);
      REQUIRE(queued.packet.payload.size() <= damaged.bytes().size());
    }
  }
}

TEST_CASE("verdicts have names, and are written as the kernel reads them") {
  CHECK(action_named("drop") == 0U);
  CHECK(action_named("accept") == 1U);
  CHECK(action_named("repeat") == 4U);
  CHECK(action_named("queue:7") == (7U << 16 | 3U));
  for (const char* none : {"", "Accept", "queue:", "queue:65536", "queue:7x", "queue"}) {
    CAPTURE(none);
    CHECK_FALSE(action_named(none).has_value());
  }
  VerdictPile pile;
  pile.put(3, 5, drop_verdict);
  PacketVerdict marked = accept_verdict;
  marked.mark = 0x10;
  marked.has_mark = true;
  pile.put_up_to(3, 9, marked);
  Recorded one("20000000010301000100000000000000000000030c0002000000000000000005");
  Recorded batch(
      "28000000030301000100000000000000000000030c000200000000010000000908000300"
      "00000010");
  CHECK(pile.bytes() == std::string(one.bytes()) + std::string(batch.bytes()));
  while (pile.has_room()) {
    pile.put_up_to(3, 9, marked);
  }
  CHECK(pile.bytes().size() > 16000);
  pile.clear();
  CHECK(pile.is_empty());
}

TEST_CASE("a line says up to where verdicts were given, never back, and is found while its source holds it") {
  NetlinkSocket socket(64);
  socket.open("");
  auto line = open_verdict_line(socket.fd(), 3, 2);
  uint32_t number = line->number();
  CHECK(line->has(3));
  CHECK(line->has(4));
  CHECK_FALSE(line->has(2));
  CHECK_FALSE(line->has(5));
  line->set_done(4, 7);
  line->set_done(4, 6);
  CHECK(line->done(4) == 7);
  CHECK(line->done(3) == 0);
  line->set_done(3, 0x7fffffff);
  line->set_done(3, 0xfffffff0);
  line->set_done(3, 2);  // the numbers have wrapped
  CHECK(line->done(3) == 2);
  CHECK(find_verdict_line(number) == line);
  auto other = open_verdict_line(socket.fd(), 3, 2);
  CHECK(other->number() != number);
  line.reset();
  CHECK(find_verdict_line(number) == nullptr);
}

}  // namespace
}  // namespace stook::test
