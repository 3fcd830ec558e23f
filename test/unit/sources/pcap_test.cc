// SPDX-License-Identifier: Apache-2.0
/// Capture files, made byte by byte, into rows.
#include <catch2/catch.hpp>
#include <random>

#include "core/base/status.hh"
#include "test/unit/filters/packets.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

/// Numbers in the byte order of the machine that is said to write the file.
struct Writer {
  bool is_big = false;
  std::string two(unsigned value) const {
    std::string bytes = two_bytes(value);
    return is_big ? bytes : std::string(bytes.rbegin(), bytes.rend());
  }
  std::string four(uint32_t value) const {
    std::string bytes = four_bytes(value);
    return is_big ? bytes : std::string(bytes.rbegin(), bytes.rend());
  }
  std::string head(unsigned link, uint32_t magic = 0xa1b2c3d4) const {
    return four(magic) + two(2) + two(4) + four(0) + four(0) + four(65535) + four(link);
  }
  std::string record(uint32_t sec, uint32_t fraction, std::string_view bytes) const {
    auto size = static_cast<uint32_t>(bytes.size());
    return four(sec) + four(fraction) + four(size) + four(size) + std::string(bytes);
  }

  static std::string padded(std::string bytes) { return bytes + std::string((4 - bytes.size() % 4) % 4, '\0'); }
  std::string block(uint32_t type, const std::string& body) const {
    auto size = static_cast<uint32_t>(padded(body).size() + 12);
    return four(type) + four(size) + padded(body) + four(size);
  }
  std::string section() const {
    return block(0x0a0d0d0a, four(0x1a2b3c4d) + two(1) + two(0) + four(0xffffffff) + four(0xffffffff));
  }
  std::string interface(unsigned link, int resolution = -1, uint32_t snap = 0) const {
    std::string options = resolution < 0 ? "" : two(9) + two(1) + padded(bytes_of({resolution})) + two(0) + two(0);
    return block(1, two(link) + two(0) + four(snap) + options);
  }
  std::string enhanced(uint32_t number, uint64_t stamp, std::string_view bytes) const {
    auto size = static_cast<uint32_t>(bytes.size());
    return block(6, four(number) + four(static_cast<uint32_t>(stamp >> 32)) + four(static_cast<uint32_t>(stamp)) +
                        four(size) + four(size) + std::string(bytes));
  }
};

const std::string packet4 = ipv4(17, udp(1, 2));
const std::string packet6 = ipv6(17, udp(1, 2));

struct Reading {
  explicit Reading(const std::vector<std::string>& files, size_t rows = 256, const std::vector<std::string>& read = {})
      : feed("pcap", {{"path", make(files)}}, 4, rows, read) {
    room::enter(room::front);
    feed.start();
    REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  }
  std::string make(const std::vector<std::string>& files) {
    std::string paths;
    for (size_t i = 0; i < files.size(); i++) {
      folder.write(std::to_string(i), files[i]);
      paths += (i == 0 ? "" : ",") + folder.path(std::to_string(i));
    }
    return paths;
  }
  uint64_t lost(Loss why) const { return feed.lost[static_cast<size_t>(why)]; }

  TempFolder folder;
  FakeFeed feed;
};

}  // namespace

TEST_CASE("a classic capture of either byte order and with either fraction") {
  for (bool is_big : {false, true}) {
    Writer writer{is_big};
    Reading micro({writer.head(101) + writer.record(10, 7, packet4) + writer.record(11, 999999, packet6)});
    CHECK(micro.feed.joined("time") == "10000007000|11999999000");
    CHECK(micro.feed.joined("oob.time.sec") == "10|11");
    CHECK(micro.feed.joined("oob.time.usec") == "7|999999");
    CHECK(micro.feed.joined("oob.family") == "2|10");
    CHECK(micro.feed.joined("oob.protocol") == "2048|34525");
    CHECK(micro.feed.joined("raw.pktlen") == "32|52");
    CHECK(micro.feed.joined("raw.pktcount") == "1|1");
    CHECK(micro.feed.joined("oob.seq.local") == "0|1");
    CHECK(micro.feed.values("raw.pkt") == std::vector<std::string>{packet4, packet6});
    Reading nano({writer.head(228, 0xa1b23c4d) + writer.record(10, 7, packet4)});
    CHECK(nano.feed.joined("time") == "10000000007");
  }
}

TEST_CASE("Ethernet, with tags, LLC and padding") {
  Writer writer;
  std::string mac = ethernet(0x0800, "").substr(0, 12);
  Reading reading({writer.head(1) + writer.record(1, 0, ethernet(0x0800, packet4 + "padding")) +
                   writer.record(1, 0,
                                 mac + two_bytes(0x88a8) + two_bytes(5) + two_bytes(0x8100) + two_bytes(6) +
                                     two_bytes(0x86dd) + packet6 + "xx") +
                   writer.record(1, 0, ethernet(0x0806, arp())) +
                   writer.record(1, 0, ethernet(40, bytes_of({0xaa, 0xaa, 3, 0, 0, 0, 8, 0}) + packet4)) +
                   writer.record(1, 0, ethernet(40, "BBSTP")) + writer.record(1, 0, mac) +
                   writer.record(1, 0, mac + two_bytes(0x8100) + "x")});
  CHECK(reading.feed.values("raw.pkt") == std::vector<std::string>{packet4, packet6, arp(), packet4, "BBSTP"});
  CHECK(reading.feed.joined("oob.protocol") == "2048|34525|2054|2048|4");
  CHECK(reading.feed.joined("oob.family") == "2|10|3|2|-");
  CHECK(reading.feed.joined("vlan.id") == "-|5|-|-|-");
  CHECK(reading.feed.joined("raw.mac_len") == "14|14|14|14|14");
  CHECK(reading.feed.joined("raw.type") == "1|1|1|1|1");
  CHECK(reading.feed.values("raw.mac")[0] == mac + two_bytes(0x0800));
  CHECK(reading.feed.values("raw.mac.saddr")[0] == mac.substr(6));
  CHECK(reading.feed.joined("raw.mac.addrlen") == "6|6|6|6|6");
  CHECK(reading.lost(Loss::Framing) == 2);
}

TEST_CASE("the other link types that carry IP") {
  Writer writer;
  auto one = [&](unsigned link, const std::string& bytes) {
    Reading reading({writer.head(link) + writer.record(1, 0, bytes)});
    CAPTURE(link);
    CHECK(reading.lost(Loss::Framing) == 0);
    CHECK(reading.feed.joined("raw.pkt") == packet4);
    CHECK(reading.feed.joined("oob.family") == "2");
    return reading.feed.joined("raw.type") + " " + reading.feed.joined("oob.ifindex_in") + " " +
           reading.feed.joined("oob.ifindex_out") + " " + reading.feed.joined("raw.mac.addrlen");
  };
  for (unsigned link : {101u, 12u, 14u, 228u}) {
    CHECK(one(link, packet4) == "65534 - - -");
  }
  CHECK(one(0, writer.four(2) + packet4) == "772 - - -");
  CHECK(one(108, four_bytes(2) + packet4) == "772 - - -");
  CHECK(one(9, packet4.substr(0, 0) + bytes_of({0xff, 3, 0, 0x21}) + packet4) == "512 - - -");
  CHECK(one(9, bytes_of({0x21}) + packet4) == "512 - - -");
  std::string sll =
      two_bytes(0) + two_bytes(1) + two_bytes(6) + "sender\0\0" + std::string(2, '\0') + two_bytes(0x0800);
  CHECK(one(113, sll + packet4) == "1 - - 6");
  for (int kind : {0, 4}) {
    std::string sll2 = two_bytes(0x0800) + two_bytes(0) + four_bytes(3) + two_bytes(1) + bytes_of({kind, 6}) +
                       std::string("sender\0\0", 8);
    CHECK(one(276, sll2 + packet4) == (kind == 4 ? "1 - 3 6" : "1 3 - 6"));
  }
}

TEST_CASE("the NFLOG link type brings what the kernel said") {
  for (bool is_big : {false, true}) {
    Writer writer{is_big};
    auto attribute = [&](unsigned type, const std::string& value) {
      return writer.two(static_cast<unsigned>(value.size() + 4)) + writer.two(type) + Writer::padded(value);
    };
    std::string packet = bytes_of({2, 0, 0, 5}) + attribute(1, two_bytes(0x0800) + bytes_of({3, 0})) +
                         attribute(2, four_bytes(0xff)) + attribute(4, four_bytes(7)) + attribute(5, four_bytes(8)) +
                         attribute(8, two_bytes(6) + two_bytes(0) + std::string("sender\0\0", 8)) +
                         attribute(10, std::string("drop: \0", 7)) + attribute(11, four_bytes(1000)) +
                         attribute(14, four_bytes(100)) + attribute(12, four_bytes(42)) + attribute(15, two_bytes(1)) +
                         attribute(16, ethernet(0x0800, "")) + attribute(77, "?") + attribute(9, packet4);
    Reading reading({writer.head(239) + writer.record(1, 0, packet)});
    FakeFeed& feed = reading.feed;
    CHECK(feed.joined("raw.pkt") == packet4);
    CHECK(feed.joined("oob.prefix") == "drop: ");
    CHECK(feed.joined("oob.hook") == "3");
    CHECK(feed.joined("oob.mark") == "255");
    CHECK(feed.joined("oob.ifindex_in") + feed.joined("oob.ifindex_out") == "78");
    CHECK(feed.joined("oob.uid") + "," + feed.joined("oob.gid") == "1000,100");
    CHECK(feed.joined("oob.seq.local") == "42");
    CHECK(feed.joined("raw.mac") == ethernet(0x0800, ""));
    CHECK(feed.joined("raw.mac.saddr") == "sender");
    CHECK(feed.joined("oob.family") + "," + feed.joined("oob.protocol") == "2,2048");
  }
}

TEST_CASE("pcapng with several sections, interfaces and resolutions") {
  Writer little;
  Writer large{true};
  std::string file = little.section() + little.interface(101) + little.interface(1, 9) + little.block(5, "statistics") +
                     little.enhanced(0, 10'000'007, packet4) +
                     little.enhanced(1, 10'000'000'007, ethernet(0x0800, packet4)) + large.section() +
                     large.interface(101, 0x80 | 10, 20) + large.enhanced(0, 10 << 10 | 512, packet6) +
                     large.block(3, large.four(32) + packet4) + large.block(0x80000bad, std::string(700000, 'x')) +
                     large.enhanced(0, 0, packet4);
  Reading reading({file});
  CHECK(reading.feed.joined("time") == "10000007000|10000000007|10500000000|-|0");
  CHECK(reading.feed.joined("raw.pktlen") == "32|32|52|20|32");
  CHECK(reading.feed.joined("raw.mac_len") == "-|14|-|-|-");
  CHECK(reading.lost(Loss::Unreadable) == 0);
  CHECK(reading.feed.bytes == file.size());
}

TEST_CASE("a damaged file is counted once, what came before stands, and the next one is read") {
  Writer writer;
  std::string good = writer.head(101) + writer.record(1, 0, packet4);
  std::string huge = writer.four(1) + writer.four(0) + writer.four(0x7fffffff) + writer.four(1);
  std::string ng = writer.section() + writer.interface(101);
  std::string differing = writer.enhanced(0, 0, packet4);
  differing.back() ^= 1;
  const std::string damaged[] = {"",
                                 "pcap",
                                 std::string(100, 'x'),
                                 writer.head(101, 0xa1b2cd34),
                                 good.substr(0, good.size() - 1),
                                 good.substr(0, 30),
                                 good + huge,
                                 ng.substr(0, 20),
                                 ng + differing,
                                 ng + writer.enhanced(1, 0, packet4),
                                 ng + writer.four(6) + writer.four(13),
                                 ng + writer.block(6, "short"),
                                 writer.block(0x0a0d0d0a, "no magic number at all here")};
  for (const std::string& bytes : damaged) {
    CAPTURE(bytes.size());
    Reading reading({bytes, good});
    CHECK(reading.lost(Loss::Unreadable) == 1);
    CHECK(reading.feed.values("raw.pkt").back() == packet4);
  }
}

TEST_CASE("an unknown link type costs its packets, and no more") {
  Writer writer;
  Reading reading({writer.head(147) + writer.record(1, 0, "x") + writer.record(1, 0, "y"),
                   writer.head(101) + writer.record(1, 0, packet4)});
  CHECK(reading.lost(Loss::Framing) == 2);
  CHECK(reading.feed.rows == 1);
}

TEST_CASE("a capture cut anywhere gives the packets that are whole") {
  Writer writer;
  std::string classic = writer.head(1);
  std::string ng = writer.section() + writer.interface(1);
  for (int i = 0; i < 3; i++) {
    classic += writer.record(1, 0, ethernet(0x0800, packet4));
    ng += writer.enhanced(0, 1, ethernet(0x0800, packet4));
  }
  for (const std::string& whole : {classic, ng}) {
    uint64_t before = 0;
    for (size_t size = 1; size <= whole.size(); size += 3) {
      Reading reading({whole.substr(0, size)});
      REQUIRE(reading.feed.rows >= before);
      REQUIRE(reading.feed.rows + reading.lost(Loss::Unreadable) <= 4);
      before = reading.feed.rows;
    }
    CHECK(Reading({whole}).feed.rows == 3);
  }
}

TEST_CASE("packets of random sizes come out as they went in, whatever the bundle's size") {
  unsigned seed = static_cast<unsigned>(Catch::rngSeed());
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 10; round++) {
    Writer writer{round % 2 == 0};
    bool is_ng = round % 3 == 0;
    std::string file = is_ng ? writer.section() + writer.interface(101) : writer.head(101);
    std::vector<std::string> packets;
    for (size_t i = random() % 500; i > 0; i--) {
      std::string packet = ipv4(17, std::string(random() % (i % 50 == 0 ? 60000 : 200), static_cast<char>(random())));
      file += is_ng ? writer.enhanced(0, i, packet) : writer.record(1, 0, packet);
      packets.push_back(std::move(packet));
    }
    Reading reading({file}, 1 + random() % 256, {"raw.pkt"});
    bool is_equal = reading.feed.values("raw.pkt") == packets;
    REQUIRE(is_equal);
  }
}

TEST_CASE("an empty pool pauses the reading and no packet is lost or doubled") {
  Writer writer;
  std::string file = writer.head(101);
  for (int i = 0; i < 500; i++) {
    file += writer.record(static_cast<uint32_t>(i), 0, packet4);
  }
  TempFolder folder;
  folder.write("a", file);
  FakeFeed feed("pcap", {{"path", folder.path("a")}}, 2, 64);
  feed.keeps_giving_back = false;
  room::enter(room::front);
  feed.start();
  feed.turn(20);
  CHECK(feed.is_paused);
  CHECK(feed.rows == 128);
  feed.keeps_giving_back = true;
  feed.give_back();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.rows == 500);
  CHECK(feed.values("oob.time.sec")[499] == "499");
}

TEST_CASE("a path that is not there stops the start") {
  TempFolder folder;
  room::enter(room::front);
  FakeFeed missing("pcap", {{"path", folder.path("none")}});
  CHECK_THROWS_WITH(missing.start(), "cannot read " + folder.path("none") + ": No such file or directory");
  FakeFeed pattern("pcap", {{"path", folder.path("*.pcap")}});
  CHECK_THROWS_WITH(pattern.start(), "no file matches " + folder.path("*.pcap"));
}

}  // namespace stook::test
