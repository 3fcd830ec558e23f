// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <climits>
#include <deque>
#include <random>
#include <string>

#include "test/unit/kit.hh"
#include "test/unit/sinks/law.hh"

using namespace stook;
using stook::test::Dice;
using stook::test::Options;
using stook::test::Rig;

namespace {
void be_in(const char* zone) {
  setenv("TZ", zone, 1);
  tzset();
}

std::string host() {
  char name[HOST_NAME_MAX + 1] = "";
  (void)gethostname(name, sizeof name - 1);
  std::string whole(name);
  return whole.substr(0, whole.find('.'));
}

const Cell packet_time = Cell::of_unsigned(1795312662);  // 2026-11-22 01:57:42 UTC
}  // namespace

TEST_CASE("logemu writes print behind the packet's date and this host, and no prefix can forge a line") {
  be_in("UTC");
  Rig rig(Kind::Codec, "logemu");
  rig.row({{"print", Cell::of_text("in: IN=lo \n")}, {"oob.time.sec", packet_time}});
  rig.row({{"print", Cell::of_text("a\nNov 22 x")}, {"oob.time.sec", Cell::of_unsigned(1793581200)}});
  rig.row({{"oob.time.sec", packet_time}});
  CHECK(rig.encode() == "Nov 22 01:57:42 " + host() + " in: IN=lo \nNov  2 01:00:00 " + host() + " a\\nNov 22 x\n");
  CHECK(rig.faults() == std::vector<int>{2});
}

TEST_CASE("gprint writes all keys in their order but bytes, and oprint a line for each") {
  Rig rig(Kind::Codec, "gprint");
  auto fill = [](Rig& to) {
    to.row({{"oob.prefix", Cell::of_text("in: ")},
            {"raw.pkt", Cell::of_slice(Type::Bytes, "abc")},
            {"oob.mark", Cell::of_unsigned(7)},
            {"tcp.syn", Cell::of_boolean(true)},
            {"ip.saddr", Cell::of_slice(Type::Address, {"\xc0\x00\x02\x01", 4})}});
    to.row({{"oob.mark", Cell::of_unsigned(0)}, {"oob.prefix", Cell::of_text("x\x1b[2J")}});
    to.row({});
  };
  fill(rig);
  CHECK(rig.encode() == "oob.prefix=in: ,oob.mark=7,tcp.syn=1,ip.saddr=192.0.2.1\noob.prefix=x\\x1b[2J,oob.mark=0\n\n");
  Rig lines(Kind::Codec, "oprint");
  fill(lines);
  CHECK(lines.encode() ==
        "===>PACKET BOUNDARY\noob.prefix=in: \noob.mark=7\ntcp.syn=1\nip.saddr=192.0.2.1\n"
        "===>PACKET BOUNDARY\noob.prefix=x\\x1b[2J\noob.mark=0\n===>PACKET BOUNDARY\n");
  Rig stamped(Kind::Codec, "gprint", {{"timestamp", "1"}});
  stamped.row({{"oob.mark", Cell::of_unsigned(1)}});
  std::string line = stamped.encode();
  CHECK(line.rfind("timestamp=20", 0) == 0);
  CHECK(line.substr(line.find(',')) == ",oob.mark=1\n");
}

TEST_CASE("compat = ulogd writes what ulogd writes where it is wrong") {
  be_in("UTC");
  Options compat = {{"compat", "ulogd"}};
  Rig line(Kind::Codec, "logemu", compat);
  line.row({{"print", Cell::of_text("a\x1b[2J\tb")}, {"oob.time.sec", packet_time}});
  CHECK(line.encode() == "Nov 22 01:57:42 " + host() + " a\x1b[2J\tb\n");
  Rig syslog(Kind::Codec, "local_syslog", compat);
  syslog.row({{"print", Cell::of_text("a\tb")}});
  CHECK(syslog.encode().find("]: a\tb\n") != std::string::npos);
  auto fill = [](Rig& to) {
    to.row({{"oob.prefix", Cell::of_text("a\tb")},
            {"ip.saddr", Cell::of_slice(Type::Address, {"\xc0\x00\x02\x07", 4})},
            {"ip.daddr", Cell::of_slice(Type::Address, "0123456789abcdef")}});
  };
  Rig pairs(Kind::Codec, "gprint", compat);
  fill(pairs);
  CHECK(pairs.encode() == "oob.prefix=a\tb,ip.saddr=192.0.2.7,ip.daddr=48.49.50.51\n");
  Rig lines(Kind::Codec, "oprint", compat);
  fill(lines);
  CHECK(lines.encode() == "===>PACKET BOUNDARY\noob.prefix=a\tb\nip.saddr=7.2.0.192\nip.daddr=51.50.49.48\n");
  Rig document(Kind::Codec, "xml", compat);
  document.row({{"oob.prefix", Cell::of_text("a<b>&c")}});
  CHECK(document.encode().find("<prefix>a<b>&c</prefix>") != std::string::npos);
}

TEST_CASE("ulogd_json writes ulogd's members") {
  be_in("UTC");
  Rig rig(Kind::Codec, "ulogd_json", {{"boolean_label", "1"}});
  rig.row({{"oob.time.sec", packet_time},
           {"oob.time.usec", Cell::of_unsigned(7707)},
           {"oob.prefix", Cell::of_text("a \"b\"\n")},
           {"raw.label", Cell::of_unsigned(0)},
           {"ip.saddr", Cell::of_slice(Type::Address, {"\xc0\x00\x02\x01", 4})},
           {"ip.saddr.str", Cell::of_text("192.0.2.1")},
           {"udp.dport", Cell::of_unsigned(53)}});
  CHECK(rig.encode() ==
        "{\"timestamp\": \"2026-11-22T01:57:42.007707\", \"dvc\": \"Netfilter\", \"oob.time.sec\": 1795312662, "
        "\"oob.time.usec\": 7707, \"action\": \"blocked\", \"oob.prefix\": \"a \\\"b\\\"\\n\", "
        "\"src_ip\": \"192.0.2.1\", \"dest_port\": 53}\n");
  be_in("CET-1");
  Rig event(Kind::Codec, "ulogd_json", {{"eventv1", "1"}, {"device", ""}});
  event.row({{"oob.time.sec", packet_time}, {"raw.label", Cell::of_unsigned(1)}});
  CHECK(event.encode() ==
        "{\"@timestamp\": \"2026-11-22T02:57:42.000000+0100\", \"@version\": 1, \"oob.time.sec\": 1795312662, "
        "\"raw.label\": 1}\n");
  be_in("UTC");
  Rig bare(Kind::Codec, "ulogd_json", {{"timestamp", "0"}, {"device", ""}});
  bare.row({{"a", Cell::of_integer(-1)}}).row({});
  CHECK(bare.encode() == "{\"a\": -1}\n{}\n");
}

namespace {
using Cells = std::vector<std::pair<std::string, Cell>>;

/// Rows whose values last for a while: most of a row are those of the row before.
std::vector<Cells> draw_rows(Dice& dice, std::deque<std::string>& texts) {
  constexpr size_t keys = 8;
  auto draw = [&]() -> Cell {
    switch (dice.below(8)) {
      case 0:
        return Cell::of_null();
      case 1:
        return Cell::of_slice(Type::Bytes, "b");
      case 2:
        return Cell::of_integer(dice.integer());
      case 3:
        return Cell::of_text("");
      case 4:
        return Cell::of_text(texts.emplace_back(dice.once_in(8) ? std::string(5000, 'x') : dice.text()));
      case 5:
        return Cell::of_boolean(dice.once_in(2));
      default:
        return Cell::of_unsigned(dice.below(300));
    }
  };
  const char* names[keys] = {"raw.label", "oob.time.sec", "oob.time.usec", "a", "ip.saddr.str", "udp.dport", "b", "c"};
  Cell values[keys];
  bool is_there[keys] = {};
  std::vector<Cells> rows(150);
  for (Cells& row : rows) {
    for (size_t key = 0; key < keys; key++) {
      if (&row == &rows[0] || dice.once_in(50)) {
        is_there[key] = !dice.once_in(4);
        values[key] = key < 3 ? Cell::of_unsigned(dice.below(3)) : draw();
      }
      if (is_there[key]) {
        bool is_other_slice = values[key].type == Type::Text && dice.once_in(2);
        Cell copy = is_other_slice ? Cell::of_text(texts.emplace_back(values[key].bytes())) : values[key];
        row.emplace_back(names[key], copy);
      }
    }
  }
  return rows;
}
}  // namespace

TEST_CASE("ulogd_json writes a row among others as if it stood alone") {
  be_in("UTC");
  unsigned seed = std::random_device{}();
  CAPTURE(seed);
  Dice dice(seed);
  for (const Options& options :
       {Options{{"boolean_label", "1"}}, Options{{"eventv1", "1"}}, Options{{"timestamp", "0"}, {"device", ""}},
        Options{{"timestamp", "0"}, {"device", ""}, {"boolean_label", "1"}}}) {
    std::deque<std::string> texts;
    // The packet's time is always there: without it the clock is read, which goes on.
    std::vector<Cells> rows = draw_rows(dice, texts);
    for (Cells& row : rows) {
      std::erase_if(row, [](const auto& cell) { return cell.first == "oob.time.sec"; });
      row.emplace_back("oob.time.sec", packet_time);
    }
    Rig rig(Kind::Codec, "ulogd_json", options);
    std::for_each(rows.begin(), rows.end(), [&](const Cells& row) { rig.row(row); });
    std::string together = rig.encode();
    std::string alone;
    for (const Cells& row : rows) {
      rig.clear();
      rig.row(row);
      alone += rig.encode();
    }
    CHECK(together == alone);
  }
}

TEST_CASE("nacct and graphite write what their readers expect") {
  Rig rig(Kind::Codec, "nacct");
  rig.row({{"flow.end.sec", packet_time},
           {"orig.ip.protocol", Cell::of_unsigned(17)},
           {"orig.ip.saddr.str", Cell::of_text("192.0.2.1")},
           {"orig.l4.sport", Cell::of_unsigned(33871)},
           {"orig.ip.daddr.str", Cell::of_text("192.0.2.7")},
           {"orig.l4.dport", Cell::of_unsigned(53)},
           {"reply.raw.pktcount", Cell::of_unsigned(1)},
           {"reply.raw.pktlen", Cell::of_unsigned(94)}});
  rig.row({{"orig.ip.protocol", Cell::of_unsigned(1)},
           {"orig.ip.saddr.str", Cell::of_text("a")},
           {"orig.ip.daddr.str", Cell::of_text("b")},
           {"icmp.type", Cell::of_unsigned(8)},
           {"icmp.code", Cell::of_unsigned(0)}});
  CHECK(rig.encode() == "1795312662\t17\t192.0.2.1\t33871\t192.0.2.7\t53\t1\t94\n0\t1\ta\t8\tb\t0\t0\t0\n");
  Rig sums(Kind::Codec, "graphite", {{"prefix", "net"}});
  sums.row({{"sum.name", Cell::of_text("a b\nc")},
            {"sum.pkts", Cell::of_unsigned(12)},
            {"sum.bytes", Cell::of_unsigned(1008)},
            {"oob.time.sec", packet_time}});
  CHECK(sums.encode() == "net.a_b_c.pkts 12 1795312662\nnet.a_b_c.bytes 1008 1795312662\n");
}

TEST_CASE("xml escapes what a rule's prefix holds") {
  be_in("UTC");
  Rig rig(Kind::Codec, "xml");
  rig.row({{"oob.prefix", Cell::of_text("a<b>&\n\x01\xff")},
           {"oob.hook", Cell::of_unsigned(1)},
           {"oob.protocol", Cell::of_unsigned(0x86dd)},
           {"raw.mac.saddr", Cell::of_slice(Type::Bytes, {"\x02\0\0\0\0\x0a", 6})},
           {"oob.mark", Cell::of_unsigned(0)},
           {"oob.ifindex_in", Cell::of_unsigned(2)},
           {"raw.pkt", Cell::of_slice(Type::Bytes, {"\x45\xff", 2})}});
  std::string text = rig.encode();
  CHECK(text.substr(0, 17) == "<log><when><hour>");
  CHECK(text.substr(text.find("</when>")) ==
        "</when><prefix>a&lt;b&gt;&amp;&#10;\xef\xbf\xbd\xef\xbf\xbd</prefix><hook>1</hook><hw><proto>86dd</proto>"
        "<src>02000000000a</src></hw><indev>2</indev><payload>45ff</payload></log>\n");
}

TEST_CASE("xml writes connections and counters, too") {
  be_in("UTC");
  Rig rig(Kind::Codec, "xml");
  rig.row({{"orig.ip.saddr", Cell::of_slice(Type::Address, {"\x7f\0\0\1", 4})},
           {"orig.ip.daddr", Cell::of_slice(Type::Address, {"\x0a\0\0\2", 4})},
           {"orig.ip.protocol", Cell::of_unsigned(17)},
           {"orig.l4.sport", Cell::of_unsigned(1)},
           {"orig.l4.dport", Cell::of_unsigned(53)},
           {"orig.raw.pktcount", Cell::of_unsigned(2)},
           {"orig.raw.pktlen", Cell::of_unsigned(66)},
           {"ct.id", Cell::of_unsigned(9)}});
  rig.row({{"sum.name", Cell::of_text("a&b")}, {"sum.pkts", Cell::of_unsigned(1)}});
  std::string text = rig.encode();
  CHECK(text.substr(0, text.find("<meta direction=\"reply")) ==
        "<flow><meta direction=\"original\"><layer3 protonum=\"2\" "
        "protoname=\"ipv4\"><src>127.0.0.1</src><dst>10.0.0.2</dst>"
        "</layer3><layer4 protonum=\"17\" protoname=\"udp\"><sport>1</sport><dport>53</dport></layer4><counters>"
        "<packets>2</packets><bytes>66</bytes></counters></meta>");
  CHECK(text.substr(text.find("<obj>")) ==
        "<obj><name>a&amp;b</name><pkts>00000000000000000001</pkts><bytes>00000000000000000000</bytes></obj>\n");
}

TEST_CASE("local_syslog speaks as a program of this machine, by the names of syslog(3)") {
  Rig rig(Kind::Codec, "local_syslog");
  rig.row("print", "in: x\n");
  std::string line = rig.encode();
  CHECK(line.substr(0, 4) == "<29>");
  CHECK(line.substr(line.find(" ulogd[")) == " ulogd[" + std::to_string(getpid()) + "]: in: x\n");
  Rig local(Kind::Codec, "local_syslog", {{"facility", "LOG_LOCAL2"}, {"level", "err"}});
  local.row("print", "y");
  CHECK(local.encode().substr(0, 5) == "<147>");
  CHECK_THROWS_WITH(Rig(Kind::Codec, "local_syslog", {{"level", "LOUD"}}),
                    Catch::Contains("there is none called 'LOUD'"));
}
