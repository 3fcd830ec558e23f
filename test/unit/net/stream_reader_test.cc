// SPDX-License-Identifier: Apache-2.0
#include "core/net/stream_reader.hh"

#include <errno.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <random>

#include "test/unit/sources/fake_feed.hh"

using namespace stook;
using namespace stook::test;

namespace {

constexpr NetKey keys[] = {NetKey::Message, NetKey::Truncated, NetKey::Partial, NetKey::RecvTime,
                           NetKey::Id,      NetKey::PeerIp,    NetKey::PeerPort};

/// Gives bytes in pieces of any size, or none for now.
class Pieces final : public Receiver {
 public:
  Pieces(std::string bytes, std::mt19937_64& random) : bytes_(std::move(bytes)), random_(random) {}
  ssize_t receive(char* to, size_t size) override {
    if (random_() % 8 == 0) {
      errno = EAGAIN;
      return -1;
    }
    size_t most = random_() % 4 == 0 ? 5000 : 30;
    size = std::min({size, bytes_.size() - at_, 1 + random_() % most});
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
    return static_cast<ssize_t>(size);
  }

 private:
  std::string bytes_;
  std::mt19937_64& random_;
  size_t at_ = 0;
};

std::string random_records(Framing framing, size_t longest, std::mt19937_64& random) {
  std::string bytes;
  for (size_t records = 1 + random() % 60; records > 0; records--) {
    std::string text(random() % (random() % 5 == 0 ? longest : 30), 'x');
    for (char& c : text) {
      c = static_cast<char>('a' + random() % 26);
    }
    bool is_counted = framing == Framing::Octets || (framing == Framing::Auto && random() % 2 == 0);
    if (framing == Framing::Length32 || framing == Framing::Length16) {
      bytes += framing == Framing::Length32 ? std::string(2, '\0') : "";
      bytes += static_cast<char>(text.size() >> 8);
      bytes += static_cast<char>(text.size() & 0xff);
    }
    bytes += is_counted && !text.empty() ? std::to_string(text.size()) + " " : "";
    bytes += text + (is_counted ? "" : framing == Framing::Nul ? std::string(1, '\0') : "\n");
    if (framing == Framing::Length32 || framing == Framing::Length16) {
      bytes.pop_back();
    }
  }
  bytes.resize(bytes.size() - random() % std::min<size_t>(bytes.size() + 1, 4));
  return bytes;
}

/// What tells a text from others, short enough to be read.
std::string brief(std::string_view text) {
  return std::string(text.substr(0, 8)) + "." + std::to_string(text.size()) + "." +
         std::to_string(std::hash<std::string_view>()(text) % 10000);
}

/// One record a line: `message truncated partial`.
std::string expected(const FrameRules& rules, std::string_view bytes) {
  FrameState state;
  FrameCutter cutter(rules, state, bytes);
  std::string all;
  for (Frame frame = cutter.next();; frame = cutter.next()) {
    if (frame.kind == Frame::Kind::Wrong) {
      return all + cutter.fault();
    }
    if (frame.kind == Frame::Kind::Unfinished) {
      std::string text(unfinished_text(rules, state, cutter.rest()));
      return text.empty() ? all : all + brief(text) + " - true\n";
    }
    all += brief(frame.text) + (frame.kind == Frame::Kind::Cut ? " true -\n" : " - -\n");
  }
}

std::string read_all(const FrameRules& rules, const std::string& bytes, std::mt19937_64& random) {
  FakeFeed feed("tcp", {{"listen", "127.0.0.1:0"}}, 1 + random() % 3, 1 + random() % 20);
  feed.keeps_giving_back = false;
  NetRows rows(keys);
  rows.attach(feed);
  StreamShape shape{rules, rows};
  Peer peer{*SocketAddress::of(parse_endpoint("10.0.0.1:7")), std::nullopt};
  StreamReader reader;
  Pieces pieces(bytes, random);
  std::string fault;
  for (bool goes_on = true; goes_on;) {
    StreamReader::Step step = reader.read(pieces, shape, peer, 1);
    if (step == StreamReader::Step::Paused) {
      feed.give_back(1 + random() % 2);
    } else if (step == StreamReader::Step::End) {
      while (!reader.flush(shape, peer, 1)) {
        feed.give_back(1);
      }
      goes_on = false;
    } else if (step == StreamReader::Step::Wrong) {
      fault = reader.fault();
      goes_on = false;
    }
    if (random() % 4 == 0) {
      feed.seal();
    }
  }
  feed.seal();
  reader.shrink(shape);
  CHECK(shape.buffered == 0);
  CHECK(!reader.has_buffer());
  std::string all;
  auto messages = feed.values("message");
  auto truncated = feed.values("truncated");
  auto partial = feed.values("partial");
  for (size_t i = 0; i < messages.size(); i++) {
    all += brief(messages[i]) + " " + truncated[i] + " " + partial[i] + "\n";
  }
  auto ids = feed.values("stook.id");
  std::sort(ids.begin(), ids.end());
  CHECK(std::unique(ids.begin(), ids.end()) == ids.end());
  return all + fault;
}

}  // namespace

TEST_CASE("rows are the same however reads fall and pools run dry") {
  uint64_t seed = std::random_device{}();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; round++) {
    FrameRules rules{static_cast<Framing>(random() % 6), random() % 2 == 0 ? 20u : 9000u};
    std::string bytes = random_records(rules.framing, rules.max_line + 1000, random);
    CAPTURE(seed, round, static_cast<int>(rules.framing), rules.max_line);
    REQUIRE(read_all(rules, bytes, random) == expected(rules, bytes));
  }
}

TEST_CASE("a long record is cut where it stands when the others have the memory") {
  uint64_t seed = std::random_device{}();
  std::mt19937_64 random(seed);
  for (Framing framing : {Framing::Lf, Framing::Octets, Framing::Auto, Framing::Length32}) {
    CAPTURE(seed, static_cast<int>(framing));
    std::string text(60000, 'x');
    std::string count = framing == Framing::Length32 ? std::string("\0\0\xea\x60", 4)
                        : framing == Framing::Lf     ? ""
                                                     : "60000 ";
    std::string small = framing == Framing::Length32 ? std::string("\0\0\0\1a", 5)
                        : framing == Framing::Lf     ? "a\n"
                                                     : "1 a";
    FakeFeed feed("tcp", {{"listen", "127.0.0.1:0"}}, 8);
    NetRows rows(keys);
    rows.attach(feed);
    StreamShape shape{{framing, 100000}, rows};
    shape.most_buffered = 16384;
    Peer peer;
    StreamReader reader;
    Pieces pieces(small + count + text + (framing == Framing::Lf ? "\n" : "") + small, random);
    while (reader.read(pieces, shape, peer, 1) != StreamReader::Step::End) {
      CHECK(shape.buffered <= 16384);
    }
    feed.seal();
    auto messages = feed.values("message");
    REQUIRE(messages.size() == 3);
    CHECK(messages[0] + messages[2] == "aa");
    CHECK(messages[1].size() >= 2048);
    CHECK(messages[1].size() <= 16384);
    CHECK(feed.values("truncated") == std::vector<std::string>{"-", "true", "-"});
  }
}
