// SPDX-License-Identifier: Apache-2.0
/// Flows of packets: one by one, and many of them beside a simple model.
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr int64_t second = 1'000'000'000;
constexpr int64_t begin = 1'795'232'280 * second;
enum Flag : unsigned { fin = 1, syn = 2, rst = 4, ack = 16 };

/// A packet between hosts of one byte each.
struct Packet {
  int64_t time = begin;
  unsigned from = 1;
  unsigned to = 2;
  unsigned sport = 1000;
  unsigned dport = 53;
  unsigned protocol = 17;
  unsigned flags = 0;
  unsigned bytes = 100;
  bool is_wide = false;
};

std::string address(unsigned host, bool is_wide) {
  std::string bytes(is_wide ? 16 : 4, '\0');
  bytes[0] = 10;
  bytes.back() = static_cast<char>(host);
  return bytes;
}

/// The filter, with all that came out of it as lines.
struct Metered {
  explicit Metered(const Options& options = {}) : rig(Kind::Filter, "meter_flows", options) {}

  void add(const Packet& packet) {
    const std::string& from = kept.emplace_back(address(packet.from, packet.is_wide));
    const std::string& to = kept.emplace_back(address(packet.to, packet.is_wide));
    std::vector<std::pair<std::string, Cell>> cells = {
        {"ip.saddr", Cell::of_slice(Type::Address, from)},
        {"ip.daddr", Cell::of_slice(Type::Address, to)},
        {"ip.protocol", Cell::of_unsigned(packet.protocol)},
        {packet.is_wide ? "ip6.payloadlen" : "ip.totlen", Cell::of_unsigned(packet.bytes - (packet.is_wide ? 40 : 0))},
        {"time", Cell::of_time(packet.time)}};
    std::string layer = packet.protocol == 6 ? "tcp" : "udp";
    cells.emplace_back(layer + ".sport", Cell::of_unsigned(packet.sport));
    cells.emplace_back(layer + ".dport", Cell::of_unsigned(packet.dport));
    if (packet.protocol == 6) {
      cells.emplace_back("tcp.fin", Cell::of_boolean((packet.flags & fin) != 0));
      cells.emplace_back("tcp.syn", Cell::of_boolean((packet.flags & syn) != 0));
      cells.emplace_back("tcp.rst", Cell::of_boolean((packet.flags & rst) != 0));
      cells.emplace_back("tcp.ack", Cell::of_boolean((packet.flags & ack) != 0));
    }
    rig.row(cells);
  }
  Metered& run() {
    rig.run();
    drain();
    return *this;
  }
  Metered& tick(int64_t now, bool is_last = false) {
    ticked = now;
    rig.tick(now, is_last);
    drain();
    return *this;
  }
  Metered& finish() { return tick(ticked, true); }  // at once: that clock never goes back
  void drain() {
    take();
    while (rig.more()) {
      take();
    }
    rig.clear();
  }
  void take() {
    for (int row : rig.selected()) {
      lines.push_back(line(static_cast<size_t>(row)));
    }
  }
  uint64_t number(const char* key, size_t row) const {
    const Cell* cell = rig.cell(key, row);
    return cell == nullptr ? 0 : cell->bits;
  }
  std::string line(size_t row) const {
    auto host = [&](const char* key) {
      const Cell* cell = rig.cell(key, row);
      return std::to_string(cell->bytes().back()) + (cell->size == 16 ? "w" : "");
    };
    auto all = [&](std::initializer_list<const char*> keys) {
      std::string text;
      for (const char* key : keys) {
        text += " " + std::to_string(number(key, row));
      }
      return text;
    };
    std::string text = host("orig.ip.saddr") + ">" + host("orig.ip.daddr");
    text += all({"orig.l4.sport", "orig.l4.dport", "orig.ip.protocol", "orig.raw.pktcount", "orig.raw.pktlen",
                 "reply.raw.pktcount", "reply.raw.pktlen", "tcpControlBits", "reverseTcpControlBits"});
    return text + " " + std::to_string((static_cast<int64_t>(number("flow.start", row)) - begin) / 1000) + "-" +
           std::to_string((static_cast<int64_t>(number("flow.end", row)) - begin) / 1000) + " r" +
           std::to_string(number("flow.end.reason", row));
  }

  Rig rig;
  std::deque<std::string> kept;
  std::vector<std::string> lines;
  int64_t ticked = second;
};

using Lines = std::vector<std::string>;

/// What the page says, done in the plainest way: each packet looks at all flows.
class Model {
 public:
  void add(const Packet& packet) {
    end_what_is_over(packet.time);
    auto ends = std::minmax({std::pair(packet.from, packet.sport), std::pair(packet.to, packet.dport)});
    auto key = std::tuple(ends.first, ends.second, packet.protocol, packet.is_wide);
    auto found = flows_.find(key);
    bool is_start = packet.protocol == 6 && (packet.flags & (syn | ack)) == syn;
    bool is_turned = false;
    Packet first = packet;
    if (found != flows_.end()) {
      bool is_active = packet.time - found->second.start >= 30 * second;
      if (is_closed(found->second) && is_start) {
        end(found->second, 3);
        flows_.erase(found);
        found = flows_.end();
      } else if (is_active) {
        first = found->second.first;
        is_turned = true;
        end(found->second, 2);
        flows_.erase(found);
        found = flows_.end();
      }
    }
    if (found == flows_.end()) {
      Flow flow;
      flow.first = first;
      bool is_answer = packet.protocol == 6 && (packet.flags & syn) != 0 && (packet.flags & ack) != 0;
      if (is_answer && !is_turned) {
        std::swap(flow.first.from, flow.first.to);
        std::swap(flow.first.sport, flow.first.dport);
      }
      flow.start = packet.time;
      found = flows_.emplace(key, flow).first;
    }
    Flow& flow = found->second;
    size_t way = flow.first.from == packet.from && flow.first.sport == packet.sport ? 0 : 1;
    flow.packets[way]++;
    flow.bytes[way] += packet.bytes;
    flow.flags[way] |= packet.protocol == 6 ? packet.flags : 0;
    flow.last = packet.time;
  }
  void finish() {
    for (const auto& [key, flow] : flows_) {
      end(flow, is_closed(flow) ? 3 : 4);
    }
    flows_.clear();
  }
  Lines lines;

 private:
  struct Flow {
    Packet first;
    int64_t start = 0;
    int64_t last = 0;
    uint64_t packets[2] = {0, 0};
    uint64_t bytes[2] = {0, 0};
    unsigned flags[2] = {0, 0};
  };
  static bool is_closed(const Flow& flow) {
    return ((flow.flags[0] | flow.flags[1]) & rst) != 0 || (flow.flags[0] & flow.flags[1] & fin) != 0;
  }
  void end_what_is_over(int64_t time) {
    for (auto at = flows_.begin(); at != flows_.end();) {
      bool closed = is_closed(at->second);
      if (time - at->second.last < (closed ? 2 : 10) * second) {
        ++at;
        continue;
      }
      end(at->second, closed ? 3 : 1);
      at = flows_.erase(at);
    }
  }
  void end(const Flow& flow, int reason) {
    std::string wide = flow.first.is_wide ? "w" : "";
    std::string text = std::to_string(flow.first.from) + wide + ">" + std::to_string(flow.first.to) + wide;
    for (uint64_t value :
         {uint64_t{flow.first.sport}, uint64_t{flow.first.dport}, uint64_t{flow.first.protocol}, flow.packets[0],
          flow.bytes[0], flow.packets[1], flow.bytes[1], uint64_t{flow.flags[0]}, uint64_t{flow.flags[1]}}) {
      text += " " + std::to_string(value);
    }
    lines.push_back(text + " " + std::to_string((flow.start - begin) / 1000) + "-" +
                    std::to_string((flow.last - begin) / 1000) + " r" + std::to_string(reason));
  }

  std::map<std::tuple<std::pair<unsigned, unsigned>, std::pair<unsigned, unsigned>, unsigned, bool>, Flow> flows_;
};

const Options short_times = {{"active_timeout", "30s"}, {"inactive_timeout", "10s"}, {"closed_timeout", "2s"}};
}  // namespace

TEST_CASE("both directions are one flow, and what is open ends with the stack") {
  Metered metered;
  metered.add({.time = begin});
  metered.add({.time = begin + 5000, .from = 2, .to = 1, .sport = 53, .dport = 1000, .bytes = 300});
  metered.add({.time = begin + 9000, .sport = 1001});
  metered.add({.time = begin + 9000, .is_wide = true});
  metered.run();
  CHECK(metered.lines.empty());
  CHECK(metered.rig.meter().held.read() == 4);
  metered.finish();
  CHECK(metered.lines == Lines{"1>2 1000 53 17 1 100 1 300 0 0 0-5 r4", "1>2 1001 53 17 1 100 0 0 0 0 9-9 r4",
                               "1w>2w 1000 53 17 1 100 0 0 0 0 9-9 r4"});
  CHECK(metered.rig.meter().appended.read() == 3);
}

TEST_CASE("a connection ends when it is closed by both sides or reset") {
  Metered metered;
  auto tcp = [&](int64_t ms, bool is_back, unsigned flags) {
    Packet packet{.time = begin + ms * 1'000'000, .sport = 4000, .dport = 80, .protocol = 6, .flags = flags};
    if (is_back) {
      std::swap(packet.from, packet.to);
      std::swap(packet.sport, packet.dport);
    }
    metered.add(packet);
  };
  tcp(0, true, syn | ack);  // the answer was seen first: 1 began all the same
  tcp(1, false, ack);
  tcp(2, false, fin | ack);
  tcp(3, true, fin | ack);
  tcp(4, false, ack);  // late, of the same connection
  tcp(5, false, syn);  // the next one, at once
  tcp(6, true, rst | ack);
  metered.run();
  CHECK(metered.lines == Lines{"1>2 4000 80 6 3 300 2 200 17 19 0-4000 r3"});
  tcp(10'000, false, ack);  // long after the reset
  metered.run().finish();
  CHECK(metered.lines[1] == "1>2 4000 80 6 1 100 1 100 2 20 5000-6000 r3");
  CHECK(metered.lines[2] == "1>2 4000 80 6 1 100 0 0 16 0 10000000-10000000 r4");
}

TEST_CASE("flows end by silence, and long ones are told in parts") {
  Metered metered(short_times);
  for (int i = 0; i <= 40; i += 5) {
    metered.add({.time = begin + i * second});
  }
  metered.add({.time = begin + 55 * second, .from = 2, .to = 1, .sport = 53, .dport = 1000});
  metered.run();
  CHECK(metered.lines ==
        Lines{"1>2 1000 53 17 6 600 0 0 0 0 0-25000000 r2", "1>2 1000 53 17 3 300 0 0 0 0 30000000-40000000 r1"});
  metered.finish();
  CHECK(metered.lines.back() == "2>1 53 1000 17 1 100 0 0 0 0 55000000-55000000 r4");
}

TEST_CASE("while no packets come time goes on by ticks") {
  Metered metered(short_times);
  metered.add({});
  metered.run();
  for (int i = 1; i <= 30 && metered.lines.empty(); i++) {
    metered.tick(i * second);
  }
  CHECK(metered.lines == Lines{"1>2 1000 53 17 1 100 0 0 0 0 0-0 r1"});
}

TEST_CASE("times before 1970 and after 2116 are those years' ends") {
  for (auto [said, kept] : {std::pair(INT64_MIN, int64_t{0}), {INT64_MAX, int64_t{1} << 62}}) {
    Metered metered(short_times);
    metered.add({.time = said});
    metered.run().finish();
    std::string time = std::to_string((kept - begin) / 1000);
    CHECK(metered.lines == Lines{"1>2 1000 53 17 1 100 0 0 0 0 " + time + "-" + time + " r4"});
  }
}

TEST_CASE("packets of an older capture are flows of their own") {
  Metered metered(short_times);
  metered.add({});
  metered.run();
  for (int i = 0; i < 5; i++) {
    metered.add({.time = begin - 3600 * second + i * second});
    metered.run();
  }
  metered.finish();
  CHECK(metered.lines ==
        Lines{"1>2 1000 53 17 1 100 0 0 0 0 0-0 r1", "1>2 1000 53 17 5 500 0 0 0 0 -3600000000--3596000000 r4"});
}

TEST_CASE("echoes and their answers are one flow, fragments have no ports, and what is no IP goes") {
  const std::string one = address(1, false);
  const std::string two = address(2, false);
  Metered metered;
  auto icmp = [&](bool is_back, uint64_t type, uint64_t code, int echo) {
    std::vector<std::pair<std::string, Cell>> cells = {{"ip.saddr", Cell::of_slice(Type::Address, is_back ? two : one)},
                                                       {"ip.daddr", Cell::of_slice(Type::Address, is_back ? one : two)},
                                                       {"ip.protocol", Cell::of_unsigned(1)},
                                                       {"icmp.type", Cell::of_unsigned(type)},
                                                       {"icmp.code", Cell::of_unsigned(code)},
                                                       {"raw.pktlen", Cell::of_unsigned(84)},
                                                       {"oob.time.sec", Cell::of_unsigned(1'795'232'280)},
                                                       {"oob.time.usec", Cell::of_unsigned(7)}};
    if (echo >= 0) {
      cells.emplace_back("icmp.echoid", Cell::of_unsigned(static_cast<uint64_t>(echo)));
    }
    metered.rig.row(cells);
  };
  icmp(false, 8, 0, 77);
  icmp(true, 0, 0, 77);
  icmp(false, 8, 0, 0x0303);
  icmp(true, 3, 3, -1);
  metered.rig.row({{"raw.pktlen", Cell::of_unsigned(60)}});
  metered.rig.run();
  CHECK(metered.rig.meter().disposed.read() == 1);
  CHECK(metered.rig.meter().held.read() == 4);
  metered.rig.clear();
  metered.rig.tick(second, true);
  CHECK(metered.rig.selected().size() == 3);
  CHECK(metered.number("icmp.type", 0) == 8);
  CHECK(metered.rig.cell("orig.l4.sport", 0) == nullptr);
  CHECK(metered.line(0) == "1>2 0 0 1 1 84 1 84 0 0 7-7 r4");
  CHECK(metered.line(1) == "1>2 0 0 1 1 84 0 0 0 0 7-7 r4");
  CHECK(metered.line(2) == "2>1 0 0 1 1 84 0 0 0 0 7-7 r4");
  CHECK((metered.number("icmp.type", 2) == 3 && metered.number("icmp.code", 2) == 3));
}

TEST_CASE("over the limit the flow that is silent longest makes room") {
  Metered metered(Options{{"limit", "16"}});
  size_t packets = 0;
  for (int round = 0; round < 50; round++) {
    for (unsigned i = 0; i < 100; i++, packets++) {
      bool is_busy = i % 10 == 0;
      unsigned sport = is_busy ? 7 : 10'000 + static_cast<unsigned>(packets);
      metered.add({.time = begin + static_cast<int64_t>(packets) * 1000, .sport = sport});
    }
    metered.run();
  }
  CHECK(metered.lines.size() == 50 * 90 + 1 - 16);
  metered.finish();
  CHECK(metered.lines.size() == 50 * 90 + 1);
  size_t lacking = 0;
  for (const std::string& line : metered.lines) {
    lacking += line.ends_with(" r5") ? 1 : 0;
  }
  CHECK(lacking == 50 * 90 + 1 - 16);
  std::string busy = "1>2 7 53 17 500 50000 0 0 0 0 0-" + std::to_string(4990) + " r4";
  CHECK(std::count(metered.lines.begin(), metered.lines.end(), busy) == 1);
}

TEST_CASE("after all flows have ended packets begin others, be they few of the limit or many") {
  for (const char* limit : {"16", "1000000"}) {
    Metered metered(Options{{"limit", limit}});
    for (int round = 0; round < 3; round++) {
      for (unsigned i = 0; i < 10; i++) {
        metered.add({.time = begin, .sport = 1000 + i});
      }
      metered.run().finish();
      CHECK(metered.lines.size() == 10 * static_cast<size_t>(round + 1));
      for (const char* line : {"1>2 1000 53 17 1 100 0 0 0 0 0-0 r4", "1>2 1009 53 17 1 100 0 0 0 0 0-0 r4"}) {
        CHECK(std::count(metered.lines.begin(), metered.lines.end(), line) == round + 1);
      }
    }
  }
}

TEST_CASE("random packets make the flows of the model") {
  unsigned seed = std::random_device()();
  std::cout << "seed of meter_flows: " << seed << '\n';
  std::mt19937 random(seed);
  auto draw = [&](unsigned most) { return std::uniform_int_distribution<unsigned>(0, most - 1)(random); };
  Metered metered(short_times);
  Model model;
  int64_t time = begin;
  int64_t tick = second;
  for (int batch = 0; batch < 300; batch++) {
    for (unsigned i = 1 + draw(120); i > 0; i--) {
      constexpr unsigned choices[] = {syn, syn | ack, ack, ack, ack, ack, fin | ack, fin | ack, rst};
      time += draw(300) == 0 ? draw(15'000) * 1'000'000ll : draw(60) * 1'000'000ll;
      Packet packet{.time = time, .from = 1 + draw(4), .to = 1 + draw(4), .sport = 1 + draw(3), .dport = 1 + draw(3)};
      packet.protocol = draw(2) == 0 ? 6 : 17;
      packet.flags = choices[draw(9)];
      packet.bytes = 41 + draw(1400);
      packet.is_wide = draw(4) == 0;
      if (packet.from == packet.to && packet.sport == packet.dport) {
        continue;  // has but one direction
      }
      metered.add(packet);
      model.add(packet);
    }
    metered.run();
    if (draw(5) == 0) {
      metered.tick(tick += 1'000'000);
    }
  }
  metered.finish();
  model.finish();
  REQUIRE(model.lines.size() > 1000);
  std::sort(metered.lines.begin(), metered.lines.end());
  std::sort(model.lines.begin(), model.lines.end());
  Lines only_here;
  Lines only_there;
  std::set_difference(metered.lines.begin(), metered.lines.end(), model.lines.begin(), model.lines.end(),
                      std::back_inserter(only_here));
  std::set_difference(model.lines.begin(), model.lines.end(), metered.lines.begin(), metered.lines.end(),
                      std::back_inserter(only_there));
  CHECK(only_here == Lines{});
  CHECK(only_there == Lines{});
}
