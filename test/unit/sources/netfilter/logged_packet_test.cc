// SPDX-License-Identifier: Apache-2.0
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "sources/netfilter/logged_packet.hh"
#include "sources/netfilter/logged_rows.hh"
#include "sources/netfilter/netlink.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

/// A datagram as the kernel sent it: UDP of uid 0 over lo as it left, the same as it came in, and one of IPv6 coming in.
/// Rules: `log group 5 prefix "out: "` and `"in: "`, with numbers of the group and over all groups.
const char recorded[] =
    "780000000004000000000000000000000200000508000100080003000a000a006f75743a20000000080005000000000108000b00000000"
    "0008000e000000000008000c000000000008000d00000000012500090045000021ce33400040116e967f0000017f000001e5c71388000d"
    "fe2068656c6c6f000000b000000000040000000000000000000002000005080001000800010009000a00696e3a20000000000800040000"
    "0000011000080000060000000000000000000006000f000304000006001100000e00001200100000000000000000000000000008000000"
    "14000300000000006b024bf900000000000ca8e608000c000000000108000d00000000022500090045000021ce33400040116e967f0000"
    "017f000001e5c71388000dfe2068656c6c6f000000c00000000004000000000000000000000a0000050800010086dd010009000a00696e"
    "3a200000000008000400000000011000080000060000000000000000000006000f000304000006001100000e0000120010000000000000"
    "0000000000000086dd000014000300000000006b024bf900000000000ca9fc08000c000000000608000d0000000007370009006008bffe"
    "000b11400000000000000000000000000000000100000000000000000000000000000001a6131388000b001e73697800";

/// Bytes at a multiple of eight, as the source has them.
class Datagram {
 public:
  explicit Datagram(const std::vector<unsigned char>& bytes) : words_(bytes.size() / 8 + 1), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<unsigned char*>(words_.data()));
  }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(words_.data()), size_}; }

 private:
  std::vector<uint64_t> words_;
  size_t size_;
};

std::vector<unsigned char> unhex(std::string_view text) {
  std::vector<unsigned char> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<unsigned char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::vector<LoggedPacket> packets_of(std::string_view datagram) {
  std::vector<LoggedPacket> packets;
  NetlinkCutter cutter(datagram);
  for (NetlinkMessage message; cutter.next(message);) {
    LoggedPacket packet;
    if (read_logged_packet(message.body, packet)) {
      packets.push_back(packet);
    }
  }
  return packets;
}

TEST_CASE("a recorded datagram is read: what left, what came in, and what the link said of it") {
  Datagram datagram(unhex(recorded));
  std::vector<LoggedPacket> packets = packets_of(datagram.bytes());
  REQUIRE(packets.size() == 3);
  const LoggedPacket& left = packets[0];
  CHECK(left.family == 2);
  CHECK(left.group == 5);
  CHECK(left.hook == 3);
  CHECK(left.protocol == 0x0800);
  CHECK(left.prefix == "out: ");
  CHECK(left.out == 1);
  CHECK(left.has(NFULA_UID));
  CHECK(left.uid == 0);
  CHECK(left.sequence == 0);
  CHECK(left.payload.size() == 33);
  CHECK(left.payload.substr(28) == "hello");
  CHECK_FALSE(left.has(NFULA_TIMESTAMP));
  CHECK_FALSE(left.has(NFULA_IFINDEX_INDEV));
  CHECK_FALSE(left.has(NFULA_HWHEADER));
  const LoggedPacket& came = packets[1];
  CHECK(came.hook == 1);
  CHECK(came.in == 1);
  CHECK(came.sec == 0x6b024bf9);
  CHECK(came.usec == 0x0ca8e6);
  CHECK(came.hardware_type == 772);
  CHECK(came.mac.size() == 14);
  CHECK(came.mac_source.size() == 6);
  CHECK_FALSE(came.has(NFULA_UID));
  CHECK(packets[2].family == 10);
  CHECK(packets[2].protocol == 0x86dd);
}

TEST_CASE("packets become rows with the keys of ulogd") {
  FakeFeed feed("nflog", {});
  Datagram datagram(unhex(recorded));
  LoggedRows rows;
  LoggedRowRules rules;
  rules.has_sequence = true;
  rules.label = 7;
  rows.attach(feed, rules);
  for (const LoggedPacket& packet : packets_of(datagram.bytes())) {
    Bundle* bundle = feed.bundle();
    REQUIRE(bundle != nullptr);
    rows.put(*bundle, packet);
  }
  feed.seal();
  CHECK(feed.joined("oob.prefix") == "out: |in: |in: ");
  CHECK(feed.joined("raw.pktlen") == "33|33|51");
  CHECK(feed.joined("raw.pktcount") == "1|1|1");
  CHECK(feed.joined("oob.hook") == "3|1|1");
  CHECK(feed.joined("oob.family") == "2|2|10");
  CHECK(feed.joined("oob.protocol") == "2048|2048|34525");
  CHECK(feed.joined("oob.ifindex_in") == "-|1|1");
  CHECK(feed.joined("oob.ifindex_out") == "1|-|-");
  CHECK(feed.joined("oob.uid") == "0|-|-");
  CHECK(feed.joined("oob.mark") == "0|0|0");
  CHECK(feed.joined("raw.mac_len") == "-|14|14");
  CHECK(feed.joined("raw.type") == "-|772|772");
  CHECK(feed.joined("raw.mac.addrlen") == "-|6|6");
  CHECK(feed.joined("raw.label") == "7|7|7");
  CHECK(feed.joined("oob.seq.local") == "0|1|6");
  CHECK(feed.joined("oob.seq.global") == "-|-|-");
  CHECK(feed.values("oob.time.sec")[1] == std::to_string(0x6b024bf9));
  CHECK(feed.values("oob.time.sec")[0] != "-");
}

TEST_CASE("a datagram that is cut anywhere, or damaged, is read as far as it is whole") {
  std::vector<unsigned char> whole = unhex(recorded);
  for (size_t size = 0; size < whole.size(); size++) {
    Datagram datagram({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
    CAPTURE(size);
    REQUIRE(packets_of(datagram.bytes()).size() <= 2);
  }
  uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; i++) {
    std::vector<unsigned char> damaged = whole;
    for (int n = 0; n < 4; n++) {
      damaged[random() % damaged.size()] = static_cast<unsigned char>(random());
    }
    Datagram datagram(damaged);
    for (const LoggedPacket& packet : packets_of(datagram.bytes())) {
      REQUIRE(packet.payload.size() <= damaged.size());
      REQUIRE(packet.mac_source.size() <= 8);
    }
  }
}

TEST_CASE("an answer to a request carries its errno, and a request is written as the kernel reads it") {
  NetlinkRequest request(0x0401, NLM_F_ACK, 255, 5, 9);
  request.put(NFULA_CFG_CMD, {"\x01", 1});
  request.put32(NFULA_CFG_NLBUFSIZ, 32256);
  CHECK(std::vector<unsigned char>(request.bytes().begin(), request.bytes().end()) ==
        unhex("24000000010405000900000000000000ff0000050500010001000000080003000000"
              "7e00"));
  Datagram answer(unhex("240000000200000009000000f08c0000ffffffff1c00000001040500090000000000000000000005"));
  NetlinkCutter cutter(answer.bytes().substr(0, 36));
  NetlinkMessage message;
  REQUIRE(cutter.next(message));
  CHECK(message.type == NLMSG_ERROR);
  CHECK(message.sequence == 9);
  CHECK(message.error == 1);
  CHECK_FALSE(cutter.next(message));
  CHECK_FALSE(cutter.is_torn());
  Datagram huge(unhex("f0ffffff020000000900000000000000ffffffff"));
  NetlinkCutter cut(huge.bytes());
  CHECK_FALSE(cut.next(message));
  CHECK(cut.is_torn());
  NetlinkCutter torn(answer.bytes().substr(0, 30));
  CHECK_FALSE(torn.next(message));
  CHECK(torn.is_torn());
}

}  // namespace
}  // namespace stook::test
