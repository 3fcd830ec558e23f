// SPDX-License-Identifier: Apache-2.0
/// Packets made by hand, as base sees them (S1-63, S1-95).
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <sstream>

#include "test/unit/filters/packets.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr unsigned family_ipv4 = 2;
constexpr unsigned family_arp = 3;
constexpr unsigned family_bridge = 7;
constexpr unsigned family_ipv6 = 10;

/// The rig with one packet taken apart. The packet stands in a block of its own, so that a sanitizer sees what is read
/// beyond it.
struct Taken {
  Taken(std::string_view packet, unsigned family, unsigned protocol = 0)
      : rig(Kind::Filter, "base"), block(packet.begin(), packet.end()) {
    rig.row({{"raw.pkt", Cell::of_slice(Type::Bytes, {block.data(), block.size()})},
             {"oob.family", Cell::of_unsigned(family)}});
    if (protocol != 0) {
      rig.clear();
      rig.row({{"raw.pkt", Cell::of_slice(Type::Bytes, {block.data(), block.size()})},
               {"oob.family", Cell::of_unsigned(family)},
               {"oob.protocol", Cell::of_unsigned(protocol)}});
    }
    rig.run();
  }
  /// `key=value` of the keys that begin with a prefix, without types.
  std::string keys(std::string_view prefix) const {
    std::istringstream words(rig.show());
    std::string text;
    for (std::string word; words >> word;) {
      if (word.compare(0, prefix.size(), prefix) == 0) {
        text += (text.empty() ? "" : " ") + word.substr(0, word.rfind('('));
      }
    }
    return text;
  }
  std::string error() const {
    const Cell* cell = rig.cell("parse_error");
    CHECK((cell != nullptr) == !rig.faults().empty());
    return cell == nullptr ? "" : std::string(cell->bytes());
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const Key& key : rig.wiring().writes) {
      if (key.name != "parse_error" && rig.cell(key.name) != nullptr) {
        found.insert(key.name);
      }
    }
    return found;
  }
  Rig rig;
  std::vector<char> block;
};
}  // namespace

TEST_CASE("the 62 keys of ulogd's BASE are there with their types") {
  const std::map<Type, std::string> upstream = {
      {Type::Address, "ip.saddr ip.daddr icmp.gateway arp.saddr arp.daddr"},
      {Type::Unsigned,
       "ip.protocol ip.tos ip.ttl ip.ihl ip6.priority ip6.hoplimit ip6.nexthdr tcp.offset tcp.reserved icmp.type "
       "icmp.code icmpv6.type icmpv6.code ip.totlen ip.csum ip.id ip.fragoff ip6.payloadlen ip6.fragoff tcp.sport "
       "tcp.dport tcp.window tcp.urgp tcp.csum udp.sport udp.dport udp.len udp.csum icmp.echoid icmp.echoseq "
       "icmp.fragmtu icmp.csum icmpv6.echoid icmpv6.echoseq icmpv6.csum oob.protocol arp.hwtype arp.protocoltype "
       "arp.operation sctp.sport sctp.dport ip6.flowlabel ip6.fragid tcp.seq tcp.ackseq ahesp.spi sctp.csum"},
      {Type::Boolean, "tcp.urg tcp.ack tcp.psh tcp.rst tcp.syn tcp.fin tcp.res1 tcp.res2"},
      {Type::Bytes, "arp.shwaddr arp.dhwaddr"}};
  std::map<std::string, Type> ours;
  Rig rig(Kind::Filter, "base");
  for (const Key& key : rig.wiring().writes) {
    ours[key.name] = key.type;
  }
  size_t count = 0;
  for (const auto& [type, names] : upstream) {
    std::istringstream words(names);
    for (std::string name; words >> name; count++) {
      CAPTURE(name);
      REQUIRE(ours.count(name) == 1);
      CHECK(ours[name] == type);
    }
  }
  CHECK(count == 62);
}

TEST_CASE("a TCP packet over IPv4") {
  Taken taken(ipv4(6, tcp(40000, 443, 0x12), {0x10, 0x1234, 0x4000, 64, {}}), family_ipv4);
  CHECK(taken.keys("ip.") ==
        R"(ip.saddr="\xc0\x00\x02\x01" ip.daddr="\xc63d\x07" ip.protocol=6 ip.tos=16 ip.ttl=64 ip.totlen=44 ip.ihl=5 )"
        R"(ip.csum=48879 ip.id=4660 ip.fragoff=16384)");
  CHECK(taken.keys("tcp.") ==
        "tcp.sport=40000 tcp.dport=443 tcp.seq=1000 tcp.ackseq=2000 tcp.window=512 tcp.offset=5 tcp.reserved=0 "
        "tcp.urg=false tcp.ack=true tcp.psh=false tcp.rst=false tcp.syn=true tcp.fin=false tcp.res1=false "
        "tcp.res2=false tcp.csum=43981");
  CHECK(taken.keys("oob.protocol") == "oob.protocol=2048");
  CHECK(taken.error().empty());
}

TEST_CASE("TCP options, reserved bits and the urgent pointer") {
  std::string options = bytes_of({2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6});
  std::string packet = ipv4(6, tcp(1, 2, 0xe2, "", options));
  packet[20 + 12] |= 0x05;
  Taken taken(packet, family_ipv4);
  CHECK(taken.keys("tcp.mss tcp.") == "");
  CHECK(taken.keys("tcp.mss") == "tcp.mss=1460");
  CHECK(taken.keys("tcp.wscale") == "tcp.wscale=7");
  CHECK(taken.keys("tcp.sack") == "tcp.sack_permitted=true");
  CHECK(taken.keys("tcp.ts") == "tcp.tsval=5 tcp.tsecr=6");
  CHECK(taken.keys("tcp.res") == "tcp.reserved=5 tcp.res1=true tcp.res2=true");
  CHECK(taken.keys("tcp.urg") == "tcp.urg=true tcp.urgp=7");
  CHECK(taken.keys("tcp.offset") == "tcp.offset=10");
  std::string broken = ipv4(6, tcp(1, 2, 2, "", bytes_of({2, 9, 0, 0})));
  CHECK(Taken(broken, family_ipv4).error() == "a TCP option is longer than the header, or shorter than itself");
  broken = ipv4(6, tcp(1, 2, 2, "", bytes_of({2, 0, 0, 0})));
  CHECK(Taken(broken, family_ipv4).error() == "a TCP option is longer than the header, or shorter than itself");
}

TEST_CASE("UDP, UDP-Lite, SCTP, ESP and AH") {
  CHECK(Taken(ipv4(17, udp(53, 5353)), family_ipv4).keys("udp.") ==
        "udp.sport=53 udp.dport=5353 udp.len=12 udp.csum=4369");
  CHECK(Taken(ipv4(136, udp(53, 5353)), family_ipv4).keys("udp.sport") == "udp.sport=53");
  CHECK(Taken(ipv4(132, sctp(5, 6)), family_ipv4).keys("sctp.") == "sctp.sport=5 sctp.dport=6 sctp.csum=858993459");
  CHECK(Taken(ipv4(50, esp(0xabcdef01)), family_ipv4).keys("ahesp.") == "ahesp.spi=2882400001");
  Taken sealed(ipv4(51, ah(17, 99, udp(1, 2))), family_ipv4);
  CHECK(sealed.keys("ahesp.") == "ahesp.spi=99");
  CHECK(sealed.keys("udp.sport") == "udp.sport=1");
}

TEST_CASE("details of ICMP go by its type") {
  auto details = [](const std::string& message) {
    Taken taken(ipv4(1, message), family_ipv4);
    std::string text;
    for (const char* key : {"icmp.type", "icmp.code", "icmp.echo", "icmp.gateway", "icmp.fragmtu", "icmp.parameter"}) {
      std::string found = taken.keys(key);
      text += (text.empty() || found.empty() ? "" : " ") + found;
    }
    return text;
  };
  CHECK(details(icmp(8, 0, 0x00070009)) == "icmp.type=8 icmp.code=0 icmp.echoid=7 icmp.echoseq=9");
  CHECK(details(icmp(0, 0, 0x00070009)) == "icmp.type=0 icmp.code=0 icmp.echoid=7 icmp.echoseq=9");
  CHECK(details(icmp(3, 4, 1400)) == "icmp.type=3 icmp.code=4 icmp.fragmtu=1400");
  CHECK(details(icmp(3, 0, 0)) == "icmp.type=3 icmp.code=0");
  CHECK(details(icmp(5, 1, 0x0a000001)) == R"(icmp.type=5 icmp.code=1 icmp.gateway="\n\x00\x00\x01")");
  CHECK(details(icmp(12, 0, 0x08000000)) == "icmp.type=12 icmp.code=0 icmp.parameter=8");
  CHECK(details(icmp(11, 0, 0)) == "icmp.type=11 icmp.code=0");
}

TEST_CASE("IPv6 with and without extension headers") {
  Taken plain(ipv6(17, udp(1, 2)), family_ipv6);
  CHECK(plain.keys("ip6.") == "ip6.payloadlen=12 ip6.priority=18 ip6.flowlabel=214375 ip6.hoplimit=63 ip6.nexthdr=17");
  CHECK(plain.keys("udp.dport") == "udp.dport=2");
  CHECK(plain.keys("ip.protocol") == "ip.protocol=17");
  CHECK(plain.rig.cell("ip.saddr")->size == 16);
  CHECK(plain.keys("oob.protocol") == "oob.protocol=34525");
  Taken chain(ipv6(0, extension(43, extension(60, extension(6, tcp(7, 8))))), family_ipv6);
  CHECK(chain.keys("ip6.nexthdr") == "ip6.nexthdr=6");
  CHECK(chain.keys("tcp.sport") == "tcp.sport=7");
  Taken echo(ipv6(58, icmp(128, 0, 0x00010002)), family_ipv6);
  CHECK(echo.keys("icmpv6.") == "icmpv6.type=128 icmpv6.code=0 icmpv6.echoid=1 icmpv6.echoseq=2 icmpv6.csum=8738");
  CHECK(Taken(ipv6(58, icmp(2, 0, 1280)), family_ipv6).keys("icmpv6.mtu") == "icmpv6.mtu=1280");
}

TEST_CASE("a later fragment has no header above IP, the first one has") {
  Taken first(ipv4(17, udp(1, 2), {0, 7, 0x2000, 64, {}}), family_ipv4);
  CHECK(first.keys("udp.sport") == "udp.sport=1");
  Taken later(ipv4(6, tcp(1, 2), {0, 7, 0x00b9, 64, {}}), family_ipv4);
  CHECK(later.keys("tcp.") == "");
  CHECK(later.keys("ip.fragoff") == "ip.fragoff=185");
  CHECK(later.error().empty());
  Taken first6(ipv6(44, fragment6(17, 0, true, udp(1, 2))), family_ipv6);
  CHECK(first6.keys("ip6.frag") == "ip6.fragoff=0 ip6.fragid=51966");
  CHECK(first6.keys("udp.sport") == "udp.sport=1");
  Taken later6(ipv6(44, fragment6(17, 1480, false, udp(1, 2))), family_ipv6);
  CHECK(later6.keys("ip6.frag") == "ip6.fragoff=1480 ip6.fragid=51966");
  CHECK(later6.keys("ip6.nexthdr") == "ip6.nexthdr=17");
  CHECK(later6.keys("udp.") == "");
  CHECK(later6.keys("ip.protocol") == "");
}

TEST_CASE("ARP is read in its own family and in those that only say the EtherType") {
  const std::string expected =
      R"(arp.hwtype=1 arp.protocoltype=2048 arp.operation=1 arp.shwaddr="\x02\x00\x00\x00\x00\n" )"
      R"(arp.saddr="\xc0\x00\x02\x01" arp.dhwaddr="\x00\x00\x00\x00\x00\x00" arp.daddr="\xc0\x00\x02\x02")";
  CHECK(Taken(arp(), family_arp).keys("arp.") == expected);
  CHECK(Taken(arp(), family_bridge, 0x0806).keys("arp.") == expected);
}

TEST_CASE("families without a protocol of their own go by the EtherType, VLAN tags and the version") {
  Taken bridged(ipv4(17, udp(1, 2)), family_bridge, 0x0800);
  CHECK(bridged.keys("udp.sport") == "udp.sport=1");
  Taken tagged(two_bytes(0x2064) + two_bytes(0x86dd) + ipv6(17, udp(1, 2)), 5, 0x8100);
  CHECK(tagged.keys("vlan.id") == "vlan.id=100");
  CHECK(tagged.keys("udp.sport") == "udp.sport=1");
  CHECK(Taken(ipv6(17, udp(3, 4)), 0).keys("udp.sport") == "udp.sport=3");
  CHECK(Taken("stranger", 0).names().empty());
  CHECK(Taken("lldp", family_bridge, 0x88cc).error().empty());
}

TEST_CASE("what is within a tunnel has keys of its own") {
  Taken taken(ipv4(47, gre(0x86dd, ipv6(6, tcp(1, 2)))), family_ipv4);
  CHECK(taken.keys("gre.") == "gre.protocol=34525 gre.key=77");
  CHECK(taken.keys("inner.tcp.sport") == "inner.tcp.sport=1");
  CHECK(taken.keys("inner.ip6.hoplimit") == "inner.ip6.hoplimit=63");
  CHECK(taken.keys("tcp.") == "");
  CHECK(taken.keys("ip.protocol") == "ip.protocol=47");
  CHECK(Taken(ipv4(4, ipv4(17, udp(5, 6))), family_ipv4).keys("inner.udp.sport") == "inner.udp.sport=5");
  CHECK(Taken(ipv4(41, ipv6(17, udp(5, 6))), family_ipv4).keys("inner.udp.dport") == "inner.udp.dport=6");
  Taken bridged(ipv4(47, gre(0x6558, ethernet(0x0800, ipv4(17, udp(5, 6))))), family_ipv4);
  CHECK(bridged.keys("inner.udp.sport") == "inner.udp.sport=5");
  Taken twice(ipv4(4, ipv4(4, ipv4(17, udp(5, 6)))), family_ipv4);
  CHECK(twice.keys("inner.udp") == "");
  CHECK(twice.keys("inner.ip.protocol") == "inner.ip.protocol=4");
}

TEST_CASE("a packet that contradicts itself fails with the keys that are there") {
  auto with = [](std::string packet, size_t at, int value) {
    packet[at] = static_cast<char>(value);
    return packet;
  };
  std::string good = ipv4(6, tcp(1, 2));
  CHECK(Taken(with(good, 0, 0x65), family_ipv4).error() == "no IPv4 packet: its version is another");
  CHECK(Taken(with(good, 0, 0x44), family_ipv4).error() == "the IPv4 header says that it is shorter than 20 bytes");
  CHECK(Taken(with(good, 3, 10), family_ipv4).error() == "the IPv4 packet says that it is shorter than its header");
  CHECK(Taken(with(good, 32, 0x40), family_ipv4).error() == "the TCP header says that it is shorter than 20 bytes");
  CHECK(Taken(with(good, 32, 0xf0), family_ipv4).error() == "the packet ends within the TCP options");
  Taken cut(with(good, 3, 30), family_ipv4);
  CHECK(cut.error() == "the packet ends within the TCP header");
  CHECK(cut.keys("ip.totlen") == "ip.totlen=30");
  CHECK(Taken(ipv6(6, tcp(1, 2)), family_ipv4).error() == "no IPv4 packet: its version is another");
  CHECK(Taken(ipv4(6, tcp(1, 2)), family_ipv6).error() == "no IPv6 packet: its version is another");
  // Not cut for the wire yet: the length is not said.
  CHECK(Taken(with(with(good, 2, 0), 3, 0), family_ipv4).keys("tcp.sport") == "tcp.sport=1");
}

TEST_CASE("a chain of AH headers ends") {
  std::string packet = udp(1, 2);
  for (int i = 0; i < 2000; i++) {
    packet = ah(51, 1, packet);
  }
  CHECK(Taken(ipv4(51, packet), family_ipv4).keys("ahesp.") == "ahesp.spi=1");
}

TEST_CASE("of every packet, fewer bytes give fewer keys and nothing is read beyond them") {
  const std::pair<std::string, unsigned> packets[] = {
      {ipv4(6, tcp(1, 2, 0xff, "x", bytes_of({2, 4, 5, 0xb4, 1, 3, 3, 7}))), family_ipv4},
      {ipv4(17, udp(1, 2), {0, 1, 0, 1, std::string(8, '\1')}), family_ipv4},
      {ipv4(1, icmp(8, 0, 1)), family_ipv4},
      {ipv4(1, icmp(3, 4, 1)), family_ipv4},
      {ipv4(1, icmp(5, 0, 1)), family_ipv4},
      {ipv4(132, sctp(1, 2)), family_ipv4},
      {ipv4(51, ah(6, 3, tcp(1, 2))), family_ipv4},
      {ipv4(50, esp(1)), family_ipv4},
      {ipv4(47, gre(0x0800, ipv4(17, udp(1, 2)))), family_ipv4},
      {ipv4(4, ipv4(6, tcp(1, 2))), family_ipv4},
      {ipv6(0, extension(43, fragment6(6, 0, true, tcp(1, 2)))), family_ipv6},
      {ipv6(44, fragment6(44, 0, true, fragment6(17, 1480, false, udp(1, 2)))), family_ipv6},
      {ipv6(58, icmp(128, 0, 1)), family_ipv6},
      {arp(), family_arp},
  };
  for (const auto& [packet, family] : packets) {
    Taken whole(packet, family);
    CHECK(whole.error().empty());
    std::set<std::string> before = whole.names();
    for (size_t size = packet.size(); size-- > 0;) {
      Taken taken(std::string_view(packet).substr(0, size), family);
      std::set<std::string> now = taken.names();
      CAPTURE(size, taken.rig.show());
      REQUIRE(std::includes(before.begin(), before.end(), now.begin(), now.end()));
      before = std::move(now);
      if (size > 0 && size < 8) {
        CHECK_FALSE(taken.error().empty());
      }
    }
  }
}
