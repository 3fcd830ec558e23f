// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/flow_packer.hh"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "core/data/endian.hh"
#include "core/data/flow_elements.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;
using namespace std::string_literals;

namespace {

constexpr int64_t now_ns = 1'800'000'000'000'000'000;

using Cells = std::vector<std::pair<std::string, Cell>>;

/// What a shipment of these records becomes.
std::vector<std::string> pack(FlowPacker& packer, std::string_view records, int64_t monotonic = 1) {
  std::vector<std::string> messages;
  FlowPiece piece;
  while (next_piece(records, piece)) {
    if (!packer.add(piece, monotonic)) {
      messages.push_back(packer.take(now_ns, flow_boot(), monotonic));
      REQUIRE(packer.add(piece, monotonic));
    }
  }
  if (!packer.is_empty()) {
    messages.push_back(packer.take(now_ns, flow_boot(), monotonic));
  }
  return messages;
}

std::string encode(const std::string& codec, const std::vector<Cells>& rows) {
  Rig rig(Kind::Codec, codec);
  for (const Cells& row : rows) {
    rig.row(row);
  }
  return rig.encode();
}

/// The rows that a collector makes of messages, each as its sorted keys and values.
std::vector<std::string> collect(const std::vector<std::string>& messages) {
  Rig rig(Kind::Filter, "parse_netflow");
  std::vector<std::string> rows;
  for (const std::string& message : messages) {
    rig.clear();
    rig.row({{"message", Cell::of_text(message)}}).run();
    REQUIRE(rig.faults().empty());
    for (int row : rig.selected()) {
      std::string text = " " + rig.show(static_cast<size_t>(row)) + " ";
      std::vector<std::string> words;
      for (size_t at = 1, end; (end = text.find(' ', at)) != std::string::npos; at = end + 1) {
        words.push_back(text.substr(at, end - at));
      }
      std::sort(words.begin(), words.end());
      rows.emplace_back();
      for (const std::string& word : words) {
        bool is_about = word.starts_with("flow.version") || word.starts_with("flow.domain") ||
                        word.find(".sec=") != std::string::npos || word.find(".usec=") != std::string::npos;
        rows.back() += is_about ? "" : word + " ";
      }
    }
  }
  return rows;
}

std::vector<std::string> sorted_words(const std::vector<Cells>& rows) {
  std::vector<std::string> texts;
  for (const Cells& row : rows) {
    Rig rig(Kind::Codec, "ipfix");
    rig.row(row);
    std::string text = " " + rig.show(0) + " ";
    std::vector<std::string> words;
    for (size_t at = 1, end; (end = text.find(' ', at)) != std::string::npos; at = end + 1) {
      words.push_back(text.substr(at, end - at));
    }
    std::sort(words.begin(), words.end());
    texts.emplace_back();
    for (const std::string& word : words) {
      texts.back() += word + " ";
    }
  }
  return texts;
}

}  // namespace

TEST_CASE("rows that are sent as IPFIX come back the same") {
  uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  static const std::string pool = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::map<std::string, FlowElement> by_key;
  for (const FlowElement& element : flow_elements()) {
    by_key.emplace(element.key, element);
  }
  std::vector<FlowElement> elements;
  for (const auto& [key, element] : by_key) {
    bool is_time = cell_type(element.type) == Type::Time || key == "flow.start" || key == "flow.end";
    bool is_plain = element.type != FlowType::Mac && element.type != FlowType::Float && element.id != 210;
    if (is_plain && !is_time) {
      elements.push_back(element);
    }
  }
  constexpr size_t elements_a_round = 150;  // a route has 256 open keys
  for (int round = 0; round < 20; round++) {
    std::shuffle(elements.begin(), elements.end(), random);
    std::vector<Cells> rows;
    for (size_t i = 0; i < 60; i++) {
      Cells row = {{"flow.start", Cell::of_time(static_cast<int64_t>(random() % 2'000'000'000'000) * 1'000'000)}};
      std::map<std::string, bool> seen;
      for (size_t k = random() % 12; k > 0; k--) {
        const FlowElement& element = elements[random() % elements_a_round];
        if (std::exchange(seen[std::string(element.key)], true)) {
          continue;
        }
        uint64_t number = random() >> (64 - 8 * std::max<size_t>(1, element.size % 9));
        std::string_view text = std::string_view(pool).substr(random() % 20, 1 + random() % 16);
        Type type = cell_type(element.type);
        Cell cell = type == Type::Unsigned  ? Cell::of_unsigned(number)
                    : type == Type::Integer ? Cell::of_integer(static_cast<int32_t>(number))
                    : type == Type::Boolean ? Cell::of_boolean(number % 2 == 0)
                    : type == Type::Address
                        ? Cell::of_slice(type, std::string_view(pool).substr(
                                                   0, random() % 2 == 0 && element.has_key ? 16 : element.size))
                        : Cell::of_slice(type, text);
        row.emplace_back(element.key, cell);
      }
      rows.push_back(row);
    }
    FlowPacker packer({.mtu = 300 + random() % 1500, .nth = 1 + random() % 5});
    std::vector<std::string> messages = pack(packer, encode("ipfix", rows));
    std::vector<std::string> there = sorted_words(rows);
    std::vector<std::string> back = collect(messages);
    std::sort(there.begin(), there.end());
    std::sort(back.begin(), back.end());
    CHECK(back == there);
  }
}

TEST_CASE("each message of IPFIX counts the records before it, and is as long as it says") {
  std::vector<Cells> rows;
  for (uint64_t i = 0; i < 100; i++) {
    rows.push_back({{"orig.l4.sport", Cell::of_unsigned(i)},
                    {i % 3 == 0 ? "orig.l4.dport" : "orig.ip.protocol", Cell::of_unsigned(7)}});
  }
  FlowPacker packer({.domain = 77, .mtu = 128});
  uint32_t before = 0;
  for (const std::string& message : pack(packer, encode("ipfix", rows))) {
    CHECK(message.size() <= 128);
    CHECK(big<uint16_t>(message.data() + 2) == message.size());
    CHECK(big<uint32_t>(message.data() + 8) == before);
    CHECK(big<uint32_t>(message.data() + 12) == 77);
    std::string_view sets = std::string_view(message).substr(16);
    while (!sets.empty()) {
      uint16_t id = big<uint16_t>(sets.data());
      size_t size = big<uint16_t>(sets.data() + 2);
      before += id == 1024 ? static_cast<uint32_t>(size - 4) / 4 : id == 1025 ? static_cast<uint32_t>(size - 4) / 3 : 0;
      sets.remove_prefix(size);
    }
  }
  CHECK(before == 100);
}

TEST_CASE("templates are sent again after so many messages, and after so long") {
  std::string record = encode("ipfix", {{{"orig.l4.sport", Cell::of_unsigned(1)}}});
  auto has_template = [](const std::vector<std::string>& messages) {
    return big<uint16_t>(messages.at(0).data() + 16) == 2;
  };
  FlowPacker packer({.nth = 16, .period = 1000});
  for (int i = 0; i < 40; i++) {
    CHECK(has_template(pack(packer, record)) == (i % 16 == 0));
  }
  FlowPacker timed({.nth = 0, .period = 1000});
  CHECK(has_template(pack(timed, record, 1)));
  CHECK_FALSE(has_template(pack(timed, record, 1000)));
  CHECK(has_template(pack(timed, record, 1001)));
  FlowPacker always({.send_template = SendTemplate::Always});
  CHECK(has_template(pack(always, record)));
  CHECK(has_template(pack(always, record)));
  FlowPacker never({.send_template = SendTemplate::Never});
  CHECK_FALSE(has_template(pack(never, record)));
}

TEST_CASE("what is taken back does not count, and a new session begins at 0 with its templates") {
  std::string record = encode("ipfix", {{{"orig.l4.sport", Cell::of_unsigned(1)}}});
  FlowPacker packer({.nth = 0, .period = 0});
  pack(packer, record);
  pack(packer, record);
  packer.take_back(1, 1);
  std::string again = pack(packer, record).at(0);
  CHECK(big<uint32_t>(again.data() + 8) == 1);
  CHECK(big<uint16_t>(again.data() + 16) == 2);
  packer.restart();
  again = pack(packer, record).at(0);
  CHECK(big<uint32_t>(again.data() + 8) == 0);
  CHECK(big<uint16_t>(again.data() + 16) == 2);
}

TEST_CASE("a flow with bytes both ways is two records of NetFlow 9, with the ends exchanged") {
  static const std::string a = "\xc0\0\2\1"s;
  static const std::string b = "\xc6\x33\x64\7"s;
  Cells flow = {{"orig.ip.saddr", Cell::of_slice(Type::Address, a)},
                {"orig.ip.daddr", Cell::of_slice(Type::Address, b)},
                {"orig.l4.sport", Cell::of_unsigned(50112)},
                {"orig.l4.dport", Cell::of_unsigned(443)},
                {"oob.ifindex_in", Cell::of_unsigned(1)},
                {"oob.ifindex_out", Cell::of_unsigned(2)},
                {"flow.direction", Cell::of_unsigned(0)},
                {"orig.raw.pktlen", Cell::of_unsigned(120)},
                {"orig.raw.pktcount", Cell::of_unsigned(2)},
                {"reply.raw.pktlen", Cell::of_unsigned(977)},
                {"reply.raw.pktcount", Cell::of_unsigned(3)},
                {"flow.start.sec", Cell::of_unsigned(1'700'000'000)},
                {"flow.start.usec", Cell::of_unsigned(123'000)}};
  FlowPacker packer({.is_ipfix = false, .mtu = 1400});
  auto messages = pack(packer, encode("netflow9", {flow}));
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].size() % 4 == 0);
  CHECK(big<uint16_t>(messages[0].data() + 2) == 3);  // two records and a template
  auto rows = collect(messages);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].find("orig.raw.pktlen.delta=120(") != std::string::npos);
  CHECK(rows[0].find("flow.start=1700000000123000000(") != std::string::npos);
  CHECK(rows[1].find("orig.raw.pktlen.delta=977(") != std::string::npos);
  CHECK(rows[1].find("orig.raw.pktcount.delta=3(") != std::string::npos);
  CHECK(rows[1].find("orig.l4.sport=443(") != std::string::npos);
  CHECK(rows[1].find("oob.ifindex_in=2(") != std::string::npos);
  CHECK(rows[1].find("flow.direction=1(") != std::string::npos);
  CHECK(rows[1].find("orig.ip.saddr=\"\\xc63d\\x07\"") != std::string::npos);
}

TEST_CASE("values that do not fit are left out, and rows without fields are refused") {
  Rig rig(Kind::Codec, "ipfix");
  rig.row({{"orig.ip.protocol", Cell::of_unsigned(256)}, {"orig.l4.sport", Cell::of_unsigned(1)}});
  rig.row({{"message", Cell::of_text("no flow")}});
  std::string records = rig.encode();
  CHECK(rig.faults() == std::vector<int>{1});
  CHECK(rig.meter().type_faults.read() == 1);
  FlowPiece piece;
  std::string_view rest = records;
  REQUIRE(next_piece(rest, piece));
  CHECK(piece.values == "\0\1"s);
  CHECK_FALSE(next_piece(rest, piece));
}
