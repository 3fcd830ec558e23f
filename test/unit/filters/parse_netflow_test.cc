// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/api/script_meters.hh"
#include "test/unit/filters/flow_messages.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;
using namespace std::string_literals;

namespace {

/// What the filter counted since the last question, by the meter's name.
uint64_t counted(const std::string& name) {
  static std::map<std::string, uint64_t> before;
  for (const auto& meter : script_meters()) {
    if (meter->instance() == "rig" && meter->family() == name) {
      uint64_t now = meter->count();
      return now - std::exchange(before[name], now);
    }
  }
  return 0;
}

struct Collector {
  explicit Collector(const Options& options = {}) : rig(Kind::Filter, "parse_netflow", options) {}

  /// Sends one message and returns the rows that came of it.
  std::vector<std::string> send(const std::string& message, uint64_t port = 2055) {
    static const std::string ip = "\x7f\0\0\x01"s;
    sent.push_back(std::make_unique<std::string>(message));
    rig.clear();
    rig.row({{"message", Cell::of_text(*sent.back())},
             {"peer.ip", Cell::of_slice(Type::Address, ip)},
             {"peer.port", Cell::of_unsigned(port)}})
        .run();
    std::vector<std::string> rows;
    bool is_full = true;
    while (is_full) {
      for (int row : rig.selected()) {
        rows.push_back(rig.show(static_cast<size_t>(row)));
      }
      is_full = rig.selected().size() > 500 && rig.more();  // looking empties the rows
    }
    return rows;
  }
  const Cell* cell(const std::string& key, int row = -1) {
    return rig.cell(key, static_cast<size_t>(row < 0 ? rig.selected().at(0) : row));
  }

  Rig rig;
  std::vector<std::unique_ptr<std::string>> sent;
};

const std::vector<FieldSpec> ports = {{7, 2}, {11, 2}};

}  // namespace

TEST_CASE("a record of NetFlow 5 is a row with ulogd's keys and the registry's names") {
  Collector collector;
  auto rows = collector.send(v5(1, {v5_record(50112), v5_record(50113)}, 0x4064));
  REQUIRE(rows.size() == 2);
  int row = collector.rig.selected()[1];
  CHECK(collector.cell("orig.ip.saddr", row)->bytes() == "\xc0\x00\x02\x01"s);
  CHECK(collector.cell("orig.ip.daddr", row)->type == Type::Address);
  CHECK(collector.cell("ipNextHopIPv4Address", row)->bytes() == "\xc0\x00\x02\xfe"s);
  for (const auto& [key, value] : std::map<std::string, uint64_t>{{"orig.l4.sport", 50113},
                                                                  {"orig.l4.dport", 443},
                                                                  {"orig.ip.protocol", 6},
                                                                  {"orig.raw.pktcount.delta", 12},
                                                                  {"orig.raw.pktlen.delta", 8123},
                                                                  {"oob.ifindex_in", 3},
                                                                  {"oob.ifindex_out", 4},
                                                                  {"tcpControlBits", 27},
                                                                  {"ipClassOfService", 8},
                                                                  {"bgpSourceAsNumber", 64500},
                                                                  {"bgpDestinationAsNumber", 64501},
                                                                  {"sourceIPv4PrefixLength", 24},
                                                                  {"destinationIPv4PrefixLength", 25},
                                                                  {"sampling.interval", 100},
                                                                  {"flow.version", 5},
                                                                  {"flow.domain", 0x0102},
                                                                  {"flow.start.sec", 1'799'999'990},
                                                                  {"flow.start.usec", 0},
                                                                  {"peer.port", 2055}}) {
    INFO(key);
    REQUIRE(collector.cell(key, row) != nullptr);
    CHECK(collector.cell(key, row)->bits == value);
  }
  CHECK(collector.cell("flow.start", row)->integer == 1'799'999'990'000'000'500);
  CHECK(collector.cell("flow.end", row)->integer == 1'799'999'999'500'000'500);
  CHECK(collector.cell("message", row) == nullptr);
  CHECK(collector.rig.meter().held.read() == 1);
  CHECK(collector.rig.meter().appended.read() == 2);
}

TEST_CASE("NetFlow 7 has its bypassed router behind each record") {
  std::string message =
      u16(7) + u16(1) + u32(3'600'000) + u32(1'800'000'000) + u32(0) + u32(9) + u32(0) + v5_record(1, u32(0x0a000001));
  Collector collector;
  REQUIRE(collector.send(message).size() == 1);
  CHECK(collector.cell("ipv4RouterSc")->bytes() == "\n\0\0\x01"s);
}

TEST_CASE("the exporter's clock of milliseconds may wrap between a flow and its message") {
  Collector collector;
  std::string message = u16(9) + u16(2) + u32(1000) + u32(1'800'000'000) + u32(0) + u32(0) +
                        set(0, form(256, {{22, 4}})) + set(256, u32(0xffffffff - 999));
  REQUIRE(collector.send(message).size() == 1);
  CHECK(collector.cell("flow.start")->integer == 1'799'999'998'000'000'000);
}

TEST_CASE("templates belong to their exporter, its port, domain and version") {
  Collector collector;
  collector.send(v9(0, set(0, form(256, ports)), 1));
  CHECK(collector.send(v9(1, set(256, u16(1) + u16(2)), 1)).size() == 1);
  CHECK(collector.send(v9(0, set(256, u16(1) + u16(2)), 2)).empty());
  CHECK(collector.send(v9(0, set(256, u16(1) + u16(2)), 1), 2056).empty());
  CHECK(collector.send(ipfix(0, set(256, u16(1) + u16(2)), 1)).empty());
}

TEST_CASE("exporters may be told apart by their address alone") {
  Collector collector(Options{{"exporter", "address"}});
  collector.send(v9(0, set(0, form(256, ports))));
  CHECK(collector.send(v9(1, set(256, u16(1) + u16(2))), 2056).size() == 1);
}

TEST_CASE("data wait for their template, for a minute and within limits") {
  counted("lost_sets");
  Collector collector;
  CHECK(collector.send(ipfix(0, set(256, u16(1) + u16(2)))).empty());
  auto rows = collector.send(ipfix(1, set(2, form(256, ports)) + set(256, u16(3) + u16(4))));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].find("orig.l4.sport=1(") != std::string::npos);
  CHECK(rows[1].find("orig.l4.sport=3(") != std::string::npos);
  CHECK(counted("lost_sets") == 0);

  collector.send(ipfix(2, set(300, u16(1) + u16(2))));
  collector.rig.tick(monotonic_ns() + 59'000'000'000);
  CHECK(counted("lost_sets") == 0);
  collector.rig.tick(monotonic_ns() + 61'000'000'000);
  CHECK(counted("lost_sets") == 1);
  CHECK(collector.send(ipfix(3, set(2, form(300, ports)))).empty());

  for (int i = 0; i < 3; i++) {
    collector.send(ipfix(0, set(400, std::string(30'000, 'x')), 7));
  }
  CHECK(counted("lost_sets") == 1);
}

TEST_CASE("a template that changes holds from then on, and withdrawn ones are gone") {
  Collector collector;
  collector.send(ipfix(0, set(2, form(256, ports) + form(257, ports))));
  CHECK(collector.send(ipfix(0, set(256, u16(1) + u16(2)) + set(2, form(256, {{11, 2}})) + set(256, u16(9)))).size() ==
        2);
  CHECK(collector.cell("orig.l4.sport", collector.rig.selected()[0])->bits == 1);
  CHECK(collector.cell("orig.l4.sport", collector.rig.selected()[1]) == nullptr);
  CHECK(collector.cell("orig.l4.dport", collector.rig.selected()[1])->bits == 9);
  CHECK(collector.send(ipfix(2, set(2, u16(256) + u16(0)) + set(256, u16(1)))).empty());
  CHECK(collector.send(ipfix(2, set(257, u16(1) + u16(2)))).size() == 1);
  CHECK(collector.send(ipfix(3, set(2, u16(2) + u16(0)) + set(257, u16(1) + u16(2)))).empty());
}

TEST_CASE("of several fields for one time the most exact one counts") {
  Collector collector;
  std::string forms = set(2, form(256, {{150, 4}, {152, 8}, {151, 4}}));
  REQUIRE(collector.send(ipfix(0, forms + set(256, u32(1'700'000'000) + u64(1'700'000'000'123) + u32(1'700'000'009))))
              .size() == 1);
  CHECK(collector.cell("flow.start")->integer == 1'700'000'000'123'000'000);
  CHECK(collector.cell("flow.end")->integer == 1'700'000'009'000'000'000);
}

TEST_CASE("fields of variable length, of enterprises, of the way back, and of short numbers") {
  Collector collector;
  std::string forms = set(2, form(256, {{82, 0xffff},
                                        {1, 4},
                                        {1, 8, 29305},
                                        {12, 3, 9999},
                                        {12, 0xffff, 9999},
                                        {371, 6},
                                        {56, 6},
                                        {276, 1},
                                        {320, 8},
                                        {156, 8},
                                        {210, 2}}));
  std::string record = u8(4) + "eth0" + u32(70) + u64(1ull << 40) + "abc" + u8(255) + u16(300) + std::string(300, 'y') +
                       "bob\0\0\0"s + "\x02\0\0\0\0\x0a"s + u8(1) + u64(0x3ff8000000000000) +
                       u32(1'800'000'000u + 2'208'988'800u) + u32(0x80000000) + "zz";
  auto rows = collector.send(ipfix(0, forms + set(256, record + record)));
  REQUIRE(rows.size() == 2);
  int row = collector.rig.selected()[1];
  CHECK(collector.cell("interfaceName", row)->bytes() == "eth0");
  CHECK(collector.cell("orig.raw.pktlen.delta", row)->bits == 70);
  CHECK(collector.cell("reply.raw.pktlen.delta", row)->bits == 1ull << 40);
  CHECK(collector.cell("ipfix.9999.12", row)->size == 300);
  CHECK(collector.cell("ipfix.9999.12", row)->type == Type::Bytes);
  CHECK(collector.cell("userName", row)->bytes() == "bob");
  CHECK(collector.cell("sourceMacAddress", row)->bytes() == "02:00:00:00:00:0a");
  CHECK(collector.cell("dataRecordsReliability", row)->is_truth());
  CHECK(collector.cell("absoluteError", row)->real == 1.5);
  CHECK(collector.cell("flow.start", row)->integer == 1'800'000'000'500'000'000);
  CHECK(collector.cell("paddingOctets", row) == nullptr);
}

TEST_CASE("sampling that options data tell is shown on the flows behind them") {
  Collector collector;
  collector.send(v9(
      0, set(1, u16(300) + u16(4) + u16(8) + fields({{1, 4}, {34, 4}, {35, 1}}) + u16(0)) + set(0, form(256, ports))));
  CHECK(collector.send(v9(1, set(300, u32(1) + u32(1000) + u8(1)))).empty());
  REQUIRE(collector.send(v9(2, set(256, u16(1) + u16(2)))).size() == 1);
  CHECK(collector.cell("sampling.interval")->bits == 1000);

  Collector by_sampler(Options{{"options", "yes"}});
  by_sampler.send(
      ipfix(0, set(3, options_form(300, 1, {{302, 2}, {305, 4}, {306, 4}})) + set(2, form(256, {{302, 2}, {7, 2}}))));
  CHECK(by_sampler.send(ipfix(0, set(300, u16(1) + u32(1) + u32(9) + u16(2) + u32(1) + u32(99)))).size() == 2);
  auto rows = by_sampler.send(ipfix(2, set(256, u16(2) + u16(5) + u16(1) + u16(6))));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].find("sampling.interval=100(") != std::string::npos);
  CHECK(rows[1].find("sampling.interval=10(") != std::string::npos);
}

TEST_CASE("gaps in the sequence are counted, by version") {
  for (const char* name : {"lost_records", "lost_messages", "late_messages", "sequence_restarts"}) {
    counted(name);
  }
  Collector collector;
  collector.send(v5(100, {v5_record(1), v5_record(2)}));
  collector.send(v5(102, {v5_record(1)}));
  CHECK(counted("lost_records") == 0);
  collector.send(v5(110, {v5_record(1)}));
  CHECK(counted("lost_records") == 7);

  collector.send(v9(5, set(0, form(256, ports))));
  collector.send(v9(8, set(256, u32(0))));
  CHECK(counted("lost_messages") == 2);
  collector.send(v9(6, set(256, u32(0))));
  CHECK(counted("late_messages") == 1);
  collector.send(v9(9, set(256, u32(0))));
  CHECK(counted("lost_messages") == 0);

  collector.send(ipfix(0xfffffffe, set(2, form(256, ports)) + set(256, u32(1) + u32(2) + u32(3))));
  collector.send(ipfix(1, set(256, u32(1))));
  collector.send(ipfix(4, set(256, u32(1))));
  CHECK(counted("lost_records") == 2);
  collector.send(ipfix(0x40000000, set(256, u32(1))));
  CHECK(counted("sequence_restarts") == 1);
}

TEST_CASE("what is no message keeps its row and says why, and of broken lengths nothing is taken") {
  Collector collector;
  std::string good = set(2, form(256, ports)) + set(256, u32(1));
  for (const std::string& message :
       {""s, "x"s, u16(6) + std::string(40, 'x'), u16(5) + u16(2) + std::string(60, 'x'), v9(0, "").substr(0, 19),
        ipfix(0, good + u16(256) + u16(3) + "abc"), ipfix(0, good + u16(256) + u16(90)), ipfix(0, good) + "x",
        v9(0, u16(0) + u16(0)), u16(10) + u16(15) + std::string(14, 'x')}) {
    INFO(message.size());
    auto rows = collector.send(message);
    CHECK(rows.size() == 1);
    CHECK(collector.rig.faults().size() == 1);
    CHECK(collector.cell("parse_error") != nullptr);
    CHECK(collector.cell("message") != nullptr);
  }
  CHECK(collector.send(ipfix(0, set(256, u32(1)))).empty());  // the templates of refused messages are not known
}

TEST_CASE("templates without bytes, with too many fields or wrong numbers are refused") {
  counted("templates_refused");
  Collector collector;
  std::vector<FieldSpec> many(513, {7, 2});
  collector.send(ipfix(0, set(2, form(256, {{7, 0}}) + form(255, ports) + form(257, many) + u16(258) + u16(9))));
  CHECK(counted("templates_refused") == 4);
  many.pop_back();
  CHECK(collector.send(ipfix(0, set(2, form(256, many)) + set(256, std::string(1024, '\1')))).size() == 1);
}

TEST_CASE("a flood of templates leaves 1,024 of them to a domain, the latest") {
  counted("templates_evicted");
  Collector collector;
  for (uint32_t i = 0; i < 3000; i++) {
    collector.send(v9(i, set(0, form(static_cast<uint16_t>(256 + i), ports))));
  }
  CHECK(counted("templates_evicted") == 3000 - 1024);
  CHECK(collector.send(v9(3000, set(256 + 2999, u32(1)))).size() == 1);
  CHECK(collector.send(v9(3001, set(256 + 1, u32(1)))).empty());
}

TEST_CASE("more records than a bundle holds go on in turns") {
  Collector collector;
  std::string records;
  for (uint32_t i = 0; i < 5000; i++) {
    records += u16(i) + u16(443);
  }
  auto rows = collector.send(ipfix(0, set(2, form(256, ports)) + set(256, records)));
  REQUIRE(rows.size() == 5000);
  CHECK(rows[0].find("orig.l4.sport=0(") != std::string::npos);
  CHECK(rows[4999].find("orig.l4.sport=4999(") != std::string::npos);
  CHECK(rows[4999].find("peer.port=2055(") != std::string::npos);
  CHECK(collector.rig.meter().appended.read() == 5000);
}

TEST_CASE("templates and sampling are there again after a restart, from the file before when one is damaged") {
  char folder[] = "/tmp/stook-netflow-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  std::string file = std::string(folder) + "/flows.pos";
  auto collector = [&] { return Collector(Options{{"state_file", file}}); };
  {
    Collector first = collector();
    first.send(v9(
        0, set(1, u16(300) + u16(4) + u16(8) + fields({{1, 4}, {34, 4}, {35, 1}}) + u16(0)) + set(0, form(256, ports)),
        7));
    first.send(v9(1, set(300, u32(1) + u32(1000) + u8(1)), 7));
    first.send(ipfix(0, set(2, form(256, {{7, 2}, {12, 0xffff, 9999}})), 8));
    first.rig.tick(monotonic_ns(), true);
    first.rig.tick(monotonic_ns(), true);  // so that there is a file before
  }
  for (bool is_damaged : {false, true}) {
    INFO(is_damaged);
    if (is_damaged) {
      std::ofstream(file, std::ios::app) << "x";
    }
    Collector next = collector();
    REQUIRE(next.send(v9(2, set(256, u16(1) + u16(2)), 7)).size() == 1);
    CHECK(next.cell("sampling.interval")->bits == 1000);
    REQUIRE(next.send(ipfix(0, set(256, u16(5) + u8(2) + "ab"), 8)).size() == 1);
    CHECK(next.cell("ipfix.9999.12")->bytes() == "ab");
    CHECK(next.send(ipfix(0, set(256, u16(5) + u8(2) + "ab"), 8), 2056).empty());
  }
  std::ofstream(file) << "stook-templates 1\nend 0 00000000\n";
  std::filesystem::remove(file + ".old");
  CHECK(collector().send(v9(2, set(256, u16(1) + u16(2)), 7)).empty());
  std::filesystem::remove_all(folder);
}

TEST_CASE("replicas of one filter keep their templates in files of their own, and read all of them") {
  char folder[] = "/tmp/stook-netflow-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  std::string file = std::string(folder) + "/flows.pos";
  {
    Collector one(Options{{"state_file", file}});
    Collector two(Options{{"state_file", file}});
    one.send(v9(0, set(0, form(256, ports)), 1));
    two.send(v9(0, set(0, form(256, ports)), 2));
    one.rig.tick(monotonic_ns(), true);
    two.rig.tick(monotonic_ns(), true);
  }
  Collector next(Options{{"state_file", file}});
  CHECK(next.send(v9(1, set(256, u32(1)), 1)).size() == 1);
  CHECK(next.send(v9(1, set(256, u32(1)), 2)).size() == 1);
  std::filesystem::remove_all(folder);
}
