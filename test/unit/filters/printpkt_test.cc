// SPDX-License-Identifier: Apache-2.0
/// Lines of packets: those of ulogd 2.0.8 where it is right, and ours where it is not (S1-63).
#include <catch2/catch.hpp>

#include "test/unit/filters/packets.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// What base, ip2str and printpkt make of a packet, each in a rig of its own.
std::string printed(const std::string& packet, unsigned family,
                    const std::vector<std::pair<std::string, Cell>>& more = {}) {
  Rig base(Kind::Filter, "base");
  base.row({{"raw.pkt", Cell::of_slice(Type::Bytes, packet)}, {"oob.family", Cell::of_unsigned(family)}});
  base.run();
  auto carry = [](Rig& from, Rig& to, std::vector<std::pair<std::string, Cell>>& cells) {
    for (const Read& read : to.wiring().reads) {
      if (const Cell* cell = from.cell(read.key)) {
        cells.emplace_back(read.key, *cell);
      }
    }
  };
  Rig texts(Kind::Filter, "ip2str");
  std::vector<std::pair<std::string, Cell>> addresses;
  carry(base, texts, addresses);
  texts.row(addresses).run();
  Rig line(Kind::Filter, "printpkt");
  std::vector<std::pair<std::string, Cell>> cells = more;
  carry(base, line, cells);
  carry(texts, line, cells);
  line.row(cells).run();
  CHECK(line.faults().empty());
  return std::string(line.cell("print")->bytes());
}

const std::string head4 = "MAC= SRC=192.0.2.1 DST=198.51.100.7 ";
const std::string head6 = "MAC= SRC=2001:db8::1 DST=2001:db8::2 ";
}  // namespace

TEST_CASE("packets over IPv4 as ulogd writes them") {
  CHECK(printed(ipv4(6, tcp(40000, 443, 0x12, "hello"), {0xb8, 1, 0x4000, 64, {}}), 2) ==
        head4 +
            "LEN=45 TOS=18 PREC=0xA0 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=443 SEQ=1000 ACK=2000 WINDOW=512 ACK SYN "
            "URGP=0 ");
  CHECK(printed(ipv4(6, tcp(1, 2, 0x3f, ""), {0, 1, 0x8000, 64, {}}), 2) ==
        head4 +
            "LEN=40 TOS=00 PREC=0x00 TTL=64 ID=1 CE PROTO=TCP SPT=1 DPT=2 SEQ=1000 ACK=2000 WINDOW=512 URG ACK PSH "
            "RST SYN FIN URGP=7 ");
  CHECK(printed(ipv4(17, udp(1, 2, "x"), {0, 1, 0x2000, 64, {}}), 2) ==
        head4 + "LEN=29 TOS=00 PREC=0x00 TTL=64 ID=1 MF PROTO=UDP SPT=1 DPT=2 LEN=9 ");
  CHECK(printed(ipv4(1, icmp(8, 0, 0x70009), {0, 1, 0, 64, {}}), 2) ==
        head4 + "LEN=32 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=8 CODE=0 ID=7 SEQ=9 ");
  CHECK(printed(ipv4(132, sctp(1, 2), {0, 1, 0, 64, {}}), 2) ==
        head4 + "LEN=37 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=SCTP SPT=1 DPT=2 ");
  CHECK(printed(ipv4(47, "xxxx", {0, 1, 0, 64, {}}), 2) == head4 + "LEN=24 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=47 ");
}

TEST_CASE("packets over IPv6 as ulogd writes them") {
  CHECK(
      printed(ipv6(6, tcp(1, 2, 0x18, "")), 10) ==
      head6 +
          "LEN=60 TC=18 HOPLIMIT=63 FLOWLBL=214375 PROTO=TCP SPT=1 DPT=2 SEQ=1000 ACK=2000 WINDOW=512 ACK PSH URGP=0 ");
  CHECK(printed(ipv6(58, icmp(128, 0, 0x70009)), 10) ==
        head6 + "LEN=52 TC=18 HOPLIMIT=63 FLOWLBL=214375 PROTO=ICMPv6 TYPE=128 CODE=0 ID=7 SEQ=9 ");
  CHECK(printed(ipv6(44, fragment6(17, 0, true, udp(1, 2, "x"))), 10) ==
        head6 + "LEN=57 TC=18 HOPLIMIT=63 FLOWLBL=214375 FRAG: 0 ID: 0000cafe PROTO=UDP SPT=1 DPT=2 LEN=9 ");
  CHECK(printed(ipv6(59, ""), 10) == head6 + "LEN=40 TC=18 HOPLIMIT=63 FLOWLBL=214375 PROTO=59 ");
}

TEST_CASE("where ulogd is wrong the line says what is there") {
  auto tail = [](const std::string& packet, unsigned family = 2) {
    std::string line = printed(packet, family);
    return line.substr(line.find("PROTO="));
  };
  CHECK(tail(ipv4(6, tcp(7, 8), {0, 1, 185, 64, {}})) == "PROTO=TCP INCOMPLETE ");
  CHECK(tail(ipv4(6, "short")) == "PROTO=TCP INCOMPLETE ");
  CHECK(tail(ipv4(1, icmp(3, 4, 1400))) == "PROTO=ICMP TYPE=3 CODE=4 MTU=1400 ");
  CHECK(tail(ipv4(1, icmp(3, 1, 0))) == "PROTO=ICMP TYPE=3 CODE=1 ");
  CHECK(tail(ipv4(1, icmp(5, 1, 0x0a000001))) == "PROTO=ICMP TYPE=5 CODE=1 GATEWAY=10.0.0.1 ");
  CHECK(tail(ipv4(1, icmp(12, 0, 0x08000000))) == "PROTO=ICMP TYPE=12 CODE=0 PARAMETER=8 ");
  CHECK(tail(ipv4(50, esp(0xabc))) == "PROTO=ESP SPI=0xabc ");
  CHECK(tail(ipv4(51, ah(6, 7, tcp(1, 2)))) == "PROTO=AH SPI=0x7 ");
  CHECK(tail(ipv4(50, "cut")) == "PROTO=ESP INCOMPLETE ");
  CHECK(tail(ipv4(136, udp(1, 2, "x"))) == "PROTO=UDPLITE SPT=1 DPT=2 LEN=9 ");
  CHECK(tail(ipv6(132, sctp(1, 2)), 10) == "PROTO=SCTP SPT=1 DPT=2 ");
}

TEST_CASE("ARP, and what stands around the packet") {
  CHECK(printed(arp(), 3) == "MAC= SRC=192.0.2.1 DST=192.0.2.2 PROTO=ARP REQUEST ");
  std::string reply = arp();
  reply[7] = 2;
  CHECK(printed(reply, 3) == "MAC= SRC=192.0.2.1 DST=192.0.2.2 PROTO=ARP REPLY REPLY_MAC=02:00:00:00:00:0a ");
  std::string mac = ethernet(0x0800, "");
  CHECK(
      printed(ipv4(59, "", {0, 1, 0, 64, {}}), 2,
              {{"oob.prefix", Cell::of_text("DROP: ")},
               {"oob.in", Cell::of_text("eth0")},
               {"oob.out", Cell::of_text("")},
               {"raw.mac", Cell::of_slice(Type::Bytes, mac)},
               {"oob.uid", Cell::of_unsigned(1000)},
               {"oob.gid", Cell::of_unsigned(100)},
               {"oob.mark", Cell::of_unsigned(0xd4)}}) ==
      "DROP:  IN=eth0 OUT= MAC=02:00:00:00:00:0b:02:00:00:00:00:0a:08:00 SRC=192.0.2.1 DST=198.51.100.7 LEN=20 TOS=00 "
      "PREC=0x00 TTL=64 ID=1 PROTO=59 UID=1000 GID=100 MARK=0xd4 ");
}

TEST_CASE("a prefix and a header of any length make a line that ends") {
  std::string prefix(100000, 'x');
  std::string mac(60000, 'm');
  std::string line = printed(ipv4(6, tcp(1, 2)), 2,
                             {{"oob.prefix", Cell::of_text(prefix)}, {"raw.mac", Cell::of_slice(Type::Bytes, mac)}});
  CHECK(line.substr(0, 259) == prefix.substr(0, 255) + " MAC");
  CHECK(line.size() < 2000);
  CHECK(line.find("SPT=1 DPT=2") != std::string::npos);
}
