// SPDX-License-Identifier: Apache-2.0
/// The small filters of ulogd and its child (S1-60 to S1-63).
#include <net/if.h>
#include <time.h>

#include <catch2/catch.hpp>

#include "test/unit/filters/packets.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
Cell number(uint64_t value) {
  return Cell::of_unsigned(value);
}
Cell address(std::string_view bytes) {
  return Cell::of_slice(Type::Address, bytes);
}
std::string text_of(const Rig& rig, std::string_view key, size_t row = 0) {
  const Cell* cell = rig.cell(key, row);
  return cell == nullptr ? "-" : cell->is_slice() ? std::string(cell->bytes()) : std::to_string(cell->bits);
}
const std::string four = bytes_of({192, 0, 2, 1});
const std::string sixteen = bytes_of({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}  // namespace

TEST_CASE("addresses as text, as bytes and as numbers") {
  const std::vector<std::pair<std::string, Cell>> row = {
      {"ip.saddr", address(four)}, {"ip.daddr", address(sixteen)}, {"reply.ip.daddr", address(four)}};
  Rig texts(Kind::Filter, "ip2str");
  texts.row(row).run();
  CHECK(text_of(texts, "ip.saddr.str") == "192.0.2.1");
  CHECK(text_of(texts, "ip.daddr.str") == "2001:db8::1");
  CHECK(text_of(texts, "reply.ip.daddr.str") == "192.0.2.1");
  CHECK(text_of(texts, "orig.ip.saddr.str") == "-");
  Rig run(Kind::Filter, "ip2str");
  const std::string peers[] = {four, four, bytes_of({192, 0, 2, 2}), sixteen, "", four};
  for (const std::string& one : peers) {
    run.row({{"ip.saddr", one.empty() ? Cell::of_null() : address(one)}});
  }
  run.run();
  std::string shown;
  for (size_t i = 0; i < 6; i++) {
    shown += text_of(run, "ip.saddr.str", i) + " ";
  }
  CHECK(shown == "192.0.2.1 192.0.2.1 192.0.2.2 2001:db8::1 - 192.0.2.1 ");
  Rig bytes(Kind::Filter, "ip2bin");
  bytes.row(row).run();
  CHECK(text_of(bytes, "ip.saddr.bin") == std::string(10, '\0') + "\xff\xff" + four);
  CHECK(text_of(bytes, "ip.daddr.bin") == sixteen);
  Rig numbers(Kind::Filter, "ip2hbin");
  numbers.row(row).run();
  CHECK(text_of(numbers, "ip.hsaddr") == "3221225985");
  CHECK(text_of(numbers, "ip.hdaddr") == sixteen);
  CHECK(text_of(numbers, "reply.ip.hdaddr") == "3221225985");
}

TEST_CASE("link-layer headers as text") {
  std::string mac = ethernet(0x86dd, "");
  Rig rig(Kind::Filter, "hwhdr");
  rig.row({{"raw.mac", Cell::of_slice(Type::Bytes, mac)}, {"raw.type", number(1)}});
  rig.row({{"raw.mac", Cell::of_slice(Type::Bytes, four)}, {"raw.type", number(512)}});
  rig.row({{"raw.mac.saddr", Cell::of_slice(Type::Bytes, four)}});
  rig.row({{"raw.mac", Cell::of_slice(Type::Bytes, mac)}, {"raw.type", number(1)}, {"oob.protocol", number(7)}});
  rig.run();
  CHECK(text_of(rig, "mac.saddr.str") == "02:00:00:00:00:0a");
  CHECK(text_of(rig, "mac.daddr.str") == "02:00:00:00:00:0b");
  CHECK(text_of(rig, "mac.str") == "02:00:00:00:00:0b:02:00:00:00:00:0a:86:dd");
  CHECK(text_of(rig, "oob.protocol") == "34525");
  CHECK(text_of(rig, "mac.saddr.str", 1) == "-");
  CHECK(text_of(rig, "mac.saddr.str", 2) == "c0:00:02:01");
  CHECK(text_of(rig, "mac.str", 2) == "-");
  CHECK(text_of(rig, "oob.protocol", 3) == "7");
}

TEST_CASE("interfaces have the names that the kernel says") {
  unsigned loop = if_nametoindex("lo");
  REQUIRE(loop > 0);
  Rig rig(Kind::Filter, "ifindex");
  rig.row({{"oob.ifindex_in", number(loop)}});
  rig.row({{"oob.ifindex_in", number(loop)}, {"oob.ifindex_out", number(0x7ffffffe)}});
  rig.row({{"oob.ifindex_in", number(0)}, {"oob.ifindex_out", number(loop)}});
  rig.run();
  std::string in;
  std::string out;
  for (size_t row = 0; row < 3; row++) {
    in += text_of(rig, "oob.in", row) + "|";
    out += text_of(rig, "oob.out", row) + "|";
  }
  CHECK(in == "lo|lo||");
  CHECK(out == "||lo|");
  rig.clear();
  for (uint64_t index = 0; index < 250; index++) {
    rig.row({{"oob.ifindex_in", number(1000000 + index)}});
  }
  rig.run();
  CHECK(text_of(rig, "oob.in", 249).empty());
}

TEST_CASE("rows are kept by their mark") {
  auto kept = [](const Options& options) {
    Rig rig(Kind::Filter, "mark", options);
    rig.row({{"ct.mark", number(0x12)}});
    rig.row({{"oob.mark", number(0x22)}});
    rig.row({{"oob.mark", number(0x12)}, {"ct.mark", number(0x13)}});
    rig.row({{"oob.ifindex_in", number(1)}});
    rig.run();
    return rig.selected();
  };
  CHECK(kept({{"mark", "0x12"}}) == std::vector<int>{0});
  CHECK(kept({{"mark", "2"}, {"mask", "0x0f"}}) == std::vector<int>{0, 1});
  CHECK(kept({}) == std::vector<int>{3});
  CHECK(kept({{"mask", "0x00"}}) == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("interfaces and direction out of a mark") {
  Rig rig(Kind::Filter, "markif",
          {{"mask_ingress", "0xff"}, {"mask_egress", "0xff00 >> 8"}, {"mask_flow", "0x30000>>16"}});
  rig.row({{"ct.mark", number(0x00030201)}}).row({{"other", number(1)}}).run();
  CHECK(text_of(rig, "oob.ifindex_in") + text_of(rig, "oob.ifindex_out") + text_of(rig, "flow.direction") == "123");
  CHECK(text_of(rig, "flow.direction", 1) == "-");
  Rig one(Kind::Filter, "markif", {{"mask_flow", "3"}});
  CHECK(one.wiring().writes.size() == 1);
  one.row({{"ct.mark", number(7)}}).run();
  CHECK(text_of(one, "flow.direction") == "3");
  for (const char* wrong : {"x", "0xff >>", "0xff >> 32", "0", "0x1ffffffff"}) {
    CHECK_THROWS_WITH(Rig(Kind::Filter, "markif", {{"mask_flow", wrong}}),
                      Catch::Contains("it takes a mask and a shift"));
  }
}

TEST_CASE("type and code of ICMP in one number") {
  Rig rig(Kind::Filter, "packicmp");
  rig.row({{"icmp.type", number(8)}, {"icmp.code", number(0)}});
  rig.row({{"icmp.type", number(3)}, {"icmp.code", number(4)}});
  rig.row({{"icmp.type", number(3)}}).run();
  CHECK(text_of(rig, "icmp.typecode4") + text_of(rig, "icmp.typecode4", 1) + text_of(rig, "icmp.typecode4", 2) ==
        "2048772-");
}

TEST_CASE("times of flows for exporters") {
  Rig rig(Kind::Filter, "timeconv");
  timespec now{};
  timespec up{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &up);
  rig.row({{"flow.start.sec", number(1795232280)}, {"flow.start.usec", number(500000)}, {"flow.end.sec", number(0)}});
  rig.row({{"flow.start.sec", number(static_cast<uint64_t>(now.tv_sec))},
           {"flow.start.usec", number(static_cast<uint64_t>(now.tv_nsec / 1000))}});
  rig.run();
  CHECK(text_of(rig, "flow.start.useconds") == std::to_string((1795232280ULL + 2208988800ULL) << 32 | 0x80000000ULL));
  CHECK(text_of(rig, "flow.end.useconds") == std::to_string(2208988800ULL << 32));
  CHECK(text_of(rig, "flow.end.uptime") == "0");
  CHECK(text_of(rig, "flow.end.uptime", 1) == "-");
  auto expected = static_cast<double>(up.tv_sec * 1000 + up.tv_nsec / 1000000);
  CHECK(static_cast<double>(rig.cell("flow.start.uptime", 1)->bits) == Approx(expected).margin(1000));
  Rig one(Kind::Filter, "timeconv", {{"usec64", "0"}});
  CHECK(one.wiring().writes.size() == 2);
  CHECK_THROWS_WITH(Rig(Kind::Filter, "timeconv", {{"usec64", "0"}, {"uptime", "0"}}),
                    Catch::Contains("usec64 and uptime are both off"));
}

namespace {
std::vector<std::pair<std::string, Cell>> flow(uint64_t protocol) {
  return {{"orig.ip.saddr.str", Cell::of_text("10.99.1.2")},
          {"orig.ip.daddr.str", Cell::of_text("10.99.1.1")},
          {"reply.ip.saddr.str", Cell::of_text("10.99.1.1")},
          {"reply.ip.daddr.str", Cell::of_text("10.99.1.2")},
          {"orig.ip.protocol", number(protocol)},
          {"reply.ip.protocol", number(protocol)}};
}
std::string print_flow(const std::vector<std::pair<std::string, Cell>>& row, const Options& options = {}) {
  Rig rig(Kind::Filter, "printflow", options);
  rig.row(row).run();
  return text_of(rig, "print");
}
}  // namespace

TEST_CASE("flows in one line, as ulogd writes them") {
  auto row = flow(6);
  row.insert(row.end(), {{"orig.l4.sport", number(35494)},
                         {"orig.l4.dport", number(21)},
                         {"reply.l4.sport", number(21)},
                         {"reply.l4.dport", number(35494)},
                         {"orig.raw.pktcount", number(5)},
                         {"orig.raw.pktlen", number(300)},
                         {"ct.event", number(1)}});
  CHECK(print_flow(row) ==
        "[NEW] ORIG: SRC=10.99.1.2 DST=10.99.1.1 PROTO=TCP SPT=35494 DPT=21 PKTS=5 BYTES=300 , REPLY: SRC=10.99.1.1 "
        "DST=10.99.1.2 PROTO=TCP SPT=21 DPT=35494 PKTS=0 BYTES=0 ");
  row.back().second = number(4);
  CHECK(print_flow(row).substr(0, 15) == "[DESTROY] ORIG:");
  auto echo = flow(1);
  echo.insert(echo.end(), {{"icmp.type", number(8)}, {"icmp.code", number(0)}});
  CHECK(print_flow(echo).find("PROTO=ICMP TYPE=8 CODE=0 PKTS=0") != std::string::npos);
  CHECK(print_flow(echo, {{"compat", "ulogd"}}).find("PROTO=ICMP TYPE=0 CODE=8 PKTS=0") != std::string::npos);
  auto association = flow(132);
  association.insert(association.end(), {{"orig.l4.sport", number(1)}, {"orig.l4.dport", number(2)}});
  CHECK(print_flow(association).find("PROTO=SCTP SPT=1 DPT=2 PKTS=") != std::string::npos);
  CHECK(print_flow(association, {{"compat", "ulogd"}}).find("PROTO=132 PKTS=") != std::string::npos);
  CHECK(print_flow(flow(47)).find("PROTO=47 PKTS=") != std::string::npos);
  CHECK(print_flow({{"orig.ip.saddr.str", Cell::of_text("::1")}}) == "ORIG: SRC=::1 , REPLY: ");
}

TEST_CASE("names and passwords in the clear") {
  const std::string packets[] = {ipv4(6, tcp(50000, 21, 0x18, "USER bob\r\n")),
                                 ipv4(6, tcp(50000, 110, 0x18, "user joe\r\nPASS secret word\r\n")),
                                 ipv6(6, tcp(50000, 110, 0x18, "noise\nPASS only")),
                                 ipv4(6, tcp(50000, 25, 0x18, "USER a\r\n")),
                                 ipv4(17, udp(50000, 21, "USER a\r\n")),
                                 ipv4(6, tcp(50000, 21, 0x18, "QUIT\r\n")),
                                 ipv4(6, tcp(50000, 21, 0x18, "USER bob\r\n"), {0, 1, 100, 64, {}})};
  Rig rig(Kind::Filter, "pwsniff");
  for (const std::string& packet : packets) {
    rig.row({{"raw.pkt", Cell::of_slice(Type::Bytes, packet)}});
  }
  rig.run();
  CHECK(rig.selected() == std::vector<int>{0, 1, 2});
  CHECK(text_of(rig, "pwsniff.user") + "," + text_of(rig, "pwsniff.user", 1) + "," + text_of(rig, "pwsniff.pass", 1) +
            "," + text_of(rig, "pwsniff.pass", 2) ==
        "bob,joe,secret,only");
  for (size_t size = 0; size < packets[1].size(); size++) {
    std::vector<char> block(packets[1].begin(), packets[1].begin() + static_cast<std::ptrdiff_t>(size));
    rig.clear();
    rig.row({{"raw.pkt", Cell::of_slice(Type::Bytes, {block.data(), block.size()})}}).run();
    REQUIRE(rig.faults().empty());
  }
}
