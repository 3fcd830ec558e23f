// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <memory>

#include "test/unit/filters/flow_messages.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;
using namespace std::string_literals;

namespace {

std::string xdr(const std::string& bytes) {
  return u32(bytes.size()) + bytes + std::string((4 - bytes.size() % 4) % 4, '\0');
}

std::string item(uint32_t format, const std::string& body) {
  return u32(format) + xdr(body);
}

std::string datagram(uint32_t sequence, const std::vector<std::string>& samples) {
  std::string text = u32(5) + u32(1) + "\xc0\0\2\1"s + u32(0) + u32(sequence) + u32(1000) + u32(samples.size());
  for (const std::string& sample : samples) {
    text += sample;
  }
  return text;
}

const std::string frame = "\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\0\x2a\x08\0"s + "E packet";
const std::string header = item(1, u32(1) + u32(1518) + u32(4) + xdr(frame));

struct Collector {
  Collector() : rig(Kind::Filter, "parse_sflow") {}
  size_t send(const std::string& bytes) {
    sent.push_back(std::make_unique<std::string>(bytes));
    rig.clear();
    rig.row({{"message", Cell::of_text(*sent.back())}, {"peer.port", Cell::of_unsigned(7)}}).run();
    return rig.faults().empty() ? rig.selected().size() : 0;
  }
  const Cell* cell(const std::string& key, size_t row = 0) {
    return rig.cell(key, static_cast<size_t>(rig.selected().at(row)));
  }
  Rig rig;
  std::vector<std::unique_ptr<std::string>> sent;
};

}  // namespace

TEST_CASE("a sampled packet is a row as NFLOG has it") {
  std::string sample = u32(9) + u32(3) + u32(1000) + u32(5000) + u32(2) + u32(3) + u32(7) + u32(1) + header;
  std::string expanded =
      u32(9) + u32(0) + u32(3) + u32(1000) + u32(5000) + u32(2) + u32(0) + u32(3) + u32(0) + u32(7) + u32(1) + header;
  Collector collector;
  REQUIRE(collector.send(datagram(1, {item(1, sample), item(3, expanded), item(77, "unknown")})) == 2);
  for (size_t row : {0, 1}) {
    CHECK(collector.cell("raw.pkt", row)->bytes() == "E packet");
    CHECK(collector.cell("raw.pktlen", row)->bits == 8);
    CHECK(collector.cell("raw.mac", row)->size == 14);
    CHECK(collector.cell("vlan.id", row)->bits == 42);
    CHECK(collector.cell("oob.family", row)->bits == 2);
    CHECK(collector.cell("oob.protocol", row)->bits == 0x800);
    CHECK(collector.cell("oob.ifindex_in", row)->bits == 3);
    CHECK(collector.cell("oob.ifindex_out", row)->bits == 7);
    CHECK(collector.cell("sampling.interval", row)->bits == 1000);
    CHECK(collector.cell("dataLinkFrameSize", row)->bits == 1518);
    CHECK(collector.cell("sflow.agent", row)->bytes() == "\xc0\0\2\1"s);
    CHECK(collector.cell("peer.port", row)->bits == 7);
    CHECK(collector.cell("message", row) == nullptr);
  }
}

TEST_CASE("counters have the names of their MIBs, and unknown records are bytes") {
  std::string counters = u32(3) + u32(6) + u64(1'000'000'000) + u32(1) + u32(3);
  for (uint64_t i = 0; i < 14; i++) {
    counters += i == 0 || i == 7 ? u64(1ull << 40) : u32(i);
  }
  Collector collector;
  REQUIRE(collector.send(datagram(1, {item(2, u32(1) + u32(3) + u32(2) + item(1, counters) + item(0x1234, "abcd"))})) ==
          1);
  CHECK(collector.cell("sflow.kind")->bytes() == "counters");
  CHECK(collector.cell("ifSpeed")->bits == 1'000'000'000);
  CHECK(collector.cell("ifInOctets")->bits == 1ull << 40);
  CHECK(collector.cell("ifOutOctets")->bits == 1ull << 40);
  CHECK(collector.cell("ifPromiscuousMode")->bits == 13);
  CHECK(collector.cell("sflow.1.564")->bytes() == "abcd");
}

TEST_CASE("of a datagram that is cut nothing is taken, and a record that is cut is left out") {
  std::string sample = item(1, u32(9) + u32(3) + u32(1000) + u32(5000) + u32(2) + u32(3) + u32(7) + u32(1) + header);
  std::string whole = datagram(1, {sample});
  Collector collector;
  for (size_t size = 0; size < whole.size(); size++) {
    INFO(size);
    CHECK(collector.send(whole.substr(0, size)) == 0);
    CHECK(collector.rig.faults().size() == 1);
  }
  std::string lying =
      item(1, u32(9) + u32(3) + u32(1000) + u32(5000) + u32(2) + u32(3) + u32(7) + u32(9) + u32(1) + u32(900));
  REQUIRE(collector.send(datagram(2, {lying})) == 1);
  CHECK(collector.cell("sampling.interval")->bits == 1000);
  CHECK(collector.cell("raw.pkt") == nullptr);
}
