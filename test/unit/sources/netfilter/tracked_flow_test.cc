// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/fd.hh"
#include "sources/netfilter/event_filter.hh"
#include "sources/netfilter/flow_choice.hh"
#include "sources/netfilter/known_flows.hh"
#include "sources/netfilter/netlink.hh"
#include "sources/netfilter/tracked_flow.hh"

namespace stook::test {
namespace {

/// As the kernel sent them: a connection of UDP that begins, its end, and the end of an echo of ICMPv6.
const char begun[] =
    "a0000000000100060000000000000000020000003400018014000180080001007f000001080002007f0000011c00028005000100110000"
    "0006000200e46e000006000300138800003400028014000180080001007f000001080002007f0000011c00028005000100110000000600"
    "02001388000006000300e46e000008000c004db1b96f0800030000000008080007000000001e0c001b0018ea3dd105b2b1cd";
const char ended[] =
    "f400000002010000000000007fd32bfd020000003400018014000180080001007f000001080002007f0000011c00028005000100110000"
    "0006000200e46e000006000300138800003400028014000180080001007f000001080002007f0000011c00028005000100110000000600"
    "02001388000006000300e46e000008000c004db1b96f0800030000000208080007000000001d1c0009800c00010000000000000000010c"
    "00020000000000000000211c000a800c00010000000000000000000c00020000000000000000001c0014800c00010018ea3dd105b2b044"
    "0c00020018ea3dd1130113c60c001b0018ea3dd1130115ca";
const char echo[] =
    "3401000002010000000000007fd32bfd0a000000540001802c000180140003000000000000000000000000000000000114000400000000"
    "0000000000000000000000000124000280050001003a000000060007000001000005000800800000000500090000000000540002802c00"
    "01801400030000000000000000000000000000000001140004000000000000000000000000000000000124000280050001003a00000006"
    "000700000100000500080081000000050009000000000008000c00f17d3036080003000000020a080007000000001d1c0009800c000100"
    "00000000000000010c00020000000000000000301c000a800c00010000000000000000010c00020000000000000000301c0014800c0001"
    "0018ea3dd105d7d9b20c00020018ea3dd11301adb10c001b0018ea3dd11301af3e";

/// The body of a message at a multiple of eight, as the source has it.
class Message {
 public:
  explicit Message(std::string_view hex) : words_(hex.size() / 16 + 1), size_(hex.size() / 2) {
    for (size_t i = 0; i < size_; i++) {
      reinterpret_cast<unsigned char*>(words_.data())[i] =
          static_cast<unsigned char>(std::stoi(std::string(hex.substr(2 * i, 2)), nullptr, 16));
    }
  }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(words_.data()), size_}; }
  NetlinkMessage get() const {
    NetlinkMessage message;
    NetlinkCutter cutter(bytes());
    REQUIRE(cutter.next(message));
    return message;
  }

 private:
  std::vector<uint64_t> words_;
  size_t size_;
};

TEST_CASE("a connection is read from what the kernel says of its begin and its end") {
  Message first(begun);
  TrackedFlow flow;
  REQUIRE(read_tracked_flow(first.get().body, flow));
  CHECK(flow.family == 2);
  CHECK(flow.orig.source == std::string("\x7f\0\0\1", 4));
  CHECK(flow.orig.protocol == 17);
  CHECK(flow.orig.destination_port == 5000);
  CHECK(flow.reply.source_port == 5000);
  CHECK(flow.reply.destination_port == flow.orig.source_port);
  CHECK_FALSE(flow.has_counters);
  CHECK(flow.start == 0);
  uint32_t id = flow.id;
  Message last(ended);
  REQUIRE(read_tracked_flow(last.get().body, flow));
  CHECK(flow.id == id);
  CHECK(flow.has_counters);
  CHECK(flow.orig.packets == 1);
  CHECK(flow.orig.bytes == 33);
  CHECK(flow.reply.packets == 0);
  CHECK(flow.start > 1'700'000'000'000'000'000);
  CHECK(flow.stop > flow.start);
  Message six(echo);
  REQUIRE(read_tracked_flow(six.get().body, flow));
  CHECK(flow.family == 10);
  CHECK(flow.orig.source.size() == 16);
  CHECK(flow.has_icmp);
  CHECK(flow.orig.icmp_type == 128);
  CHECK_FALSE(flow.has_ports);
}

TEST_CASE("a message that is cut anywhere is no connection, or one without what is missing") {
  Message last(ended);
  std::string_view body = last.get().body;
  for (size_t size = 0; size < body.size(); size++) {
    TrackedFlow flow;
    CAPTURE(size);
    if (read_tracked_flow(body.substr(0, size), flow)) {
      CHECK(flow.told == 0);
    }
  }
}

TEST_CASE("connections are chosen by networks and protocols") {
  TrackedFlow flow;
  flow.orig.source = std::string_view("\xc0\xa8\x01\x07", 4);
  flow.orig.destination = std::string_view("\x0a\0\0\1", 4);
  flow.orig.protocol = 6;
  auto takes = [&](const char* source, const char* destination, const char* protocol) {
    FlowChoice choice;
    choice.take_sources(*source == 0 ? std::vector<std::string>() : std::vector<std::string>{source});
    choice.take_destinations(*destination == 0 ? std::vector<std::string>() : std::vector<std::string>{destination});
    choice.take_protocols(*protocol == 0 ? std::vector<std::string>() : std::vector<std::string>{protocol});
    return choice.takes(flow);
  };
  CHECK(takes("", "", ""));
  CHECK(takes("192.168.0.0/23", "", ""));
  CHECK_FALSE(takes("192.168.2.0/23", "", ""));
  CHECK_FALSE(takes("::/0", "", ""));
  CHECK(takes("0.0.0.0/0", "10.0.0.1", "6"));
  CHECK_FALSE(takes("", "10.0.0.2", ""));
  CHECK_FALSE(takes("", "", "17"));
  CHECK_THROWS_WITH(takes("10.0.0.0/33", "", ""), Catch::Contains("'10.0.0.0/33' is no network"));
  CHECK_THROWS_WITH(takes("", "", "nosuch"), Catch::Contains("there is no protocol 'nosuch'"));
}

TEST_CASE("the kernel keeps events that no choice would take") {
  // the program is run by the kernel's own interpreter, on a socket that takes no privilege
  auto comes = [](std::string_view hex, const char* source, const char* destination, const char* protocol) {
    auto listed = [](const char* one) {
      return *one == 0 ? std::vector<std::string>() : std::vector<std::string>{"192.0.2.0/24", "2001:db8::/32", one};
    };
    FlowChoice choice;
    choice.take_sources(listed(source));
    choice.take_destinations(listed(destination));
    choice.take_protocols(*protocol == 0 ? std::vector<std::string>() : std::vector<std::string>{"132", protocol});
    std::vector<sock_filter> program = event_filter(choice);
    REQUIRE_FALSE(program.empty());
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0);
    Fd in(ends[0]);
    Fd out(ends[1]);
    sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    REQUIRE(setsockopt(in.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0);
    Message message(hex);
    REQUIRE(send(out.get(), message.bytes().data(), message.bytes().size(), 0) >= 0);
    char bytes[1024];
    return recv(in.get(), bytes, sizeof bytes, 0) == static_cast<ssize_t>(message.bytes().size());
  };
  CHECK(event_filter({}).empty());
  for (const char* event : {begun, ended}) {
    CHECK(comes(event, "", "", "udp"));
    CHECK_FALSE(comes(event, "", "", "tcp"));
    CHECK(comes(event, "127.0.0.0/8", "", ""));
    CHECK(comes(event, "0.0.0.0/0", "127.0.0.1", "17"));
    CHECK_FALSE(comes(event, "127.0.0.2", "", ""));
    CHECK_FALSE(comes(event, "", "126.0.0.0/8", ""));
    CHECK_FALSE(comes(event, "::/0", "", ""));
    CHECK_FALSE(comes(event, "127.0.0.1", "127.0.0.0/30", "6"));
  }
  CHECK(comes(echo, "10.0.0.0/8", "", ""));  // IPv6: the source itself looks at it
  CHECK(comes(echo, "", "", "58"));
  CHECK_FALSE(comes(echo, "", "", "1"));
  std::string listed = begun;
  listed.replace(2 * 8, 2, "07");  // the number of a list's messages
  CHECK(comes(listed, "", "", "tcp"));
}

TEST_CASE("connections that a list no longer has are found, once") {
  KnownFlows known(2);
  CHECK(known.hear(1, "a", 10));
  CHECK(known.hear(2, "b", 20));
  CHECK_FALSE(known.hear(3, "c", 30));
  known.begin_round();
  CHECK(known.hear(2, "b2", 99));
  known.end_round();
  const KnownFlow* gone = known.take_gone();
  REQUIRE(gone != nullptr);
  CHECK(gone->body() == "a");
  CHECK(gone->start == 10);
  CHECK(known.take_gone() == nullptr);
  const KnownFlow* taken = known.take(2);
  REQUIRE(taken != nullptr);
  CHECK(taken->body() == "b2");
  CHECK(taken->start == 20);
  CHECK(known.take(2) == nullptr);
  CHECK(known.size() == 0);
}

TEST_CASE("random connections are known as a map knows them, with short messages and long ones") {
  unsigned seed = std::random_device()();
  std::cout << "seed of known flows: " << seed << '\n';
  std::mt19937 random(seed);
  auto draw = [&](unsigned most) { return std::uniform_int_distribution<unsigned>(0, most - 1)(random); };
  constexpr size_t most = 3000;
  KnownFlows known(most);
  std::map<uint32_t, std::pair<std::string, int64_t>> model;
  size_t wrong = 0;
  for (int64_t step = 1; step < 100'000; step++) {
    uint32_t id = draw(2) == 0 ? draw(4000) * 65'536 : draw(4000);
    auto found = model.find(id);
    if (draw(5) < 3) {
      std::string body(1 + draw(draw(10) == 0 ? 900 : 180), static_cast<char>(draw(256)));
      bool has_room = found != model.end() || model.size() < most;
      wrong += known.hear(id, body, step) == has_room ? 0 : 1;
      if (has_room) {
        model[id] = {body, found == model.end() ? step : found->second.second};
      }
      continue;
    }
    const KnownFlow* flow = known.take(id);
    wrong += (flow == nullptr) == (found == model.end()) ? 0 : 1;
    if (flow != nullptr && found != model.end()) {
      wrong += std::pair(std::string(flow->body()), flow->start) == found->second ? 0 : 1;
      model.erase(found);
    }
  }
  CHECK(wrong == 0);
  CHECK(known.size() == model.size());
  known.begin_round();
  size_t kept = 0;
  for (const auto& [id, flow] : model) {
    kept += id % 3 == 0 && known.hear(id, flow.first, 0) ? 1 : 0;
  }
  known.end_round();
  std::multiset<std::pair<std::string, int64_t>> gone;
  while (const KnownFlow* flow = known.take_gone()) {
    gone.emplace(flow->body(), flow->start);
  }
  CHECK(known.size() == kept);
  CHECK(gone.size() == model.size() - kept);
  for (const auto& [id, flow] : model) {
    wrong += (id % 3 == 0) == (known.find(id) != nullptr) && (id % 3 == 0 || gone.count(flow) > 0) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("parts of a connection are what came on top, and all of it where counters began anew") {
  CHECK(counts_since({10, 1000, 3, 90}, {4, 400, 3, 90}) == CarriedCounts{6, 600, 0, 0});
  CHECK(counts_since({2, 80, 3, 90}, {4, 400, 1, 30}) == CarriedCounts{2, 80, 2, 60});
  CHECK(counts_since({}, {4, 400, 1, 30}).is_zero());
}

TEST_CASE("connections are chosen by the bits of their mark") {
  FlowChoice choice;
  TrackedFlow flow;
  flow.mark = 0x12;
  choice.take_mark("0x10/0xf0");
  CHECK(choice.takes(flow));
  choice.take_mark("18");
  CHECK(choice.takes(flow));
  choice.take_mark("0");
  CHECK_FALSE(choice.takes(flow));
  choice.take_mark("");
  CHECK(choice.takes(flow));
  CHECK_THROWS_WITH(choice.take_mark("1/"), Catch::Contains("mark_filter: '1/' is no mark"));
}

}  // namespace
}  // namespace stook::test
