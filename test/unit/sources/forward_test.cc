// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "core/data/object.hh"
#include "core/net/connection.hh"
#include "sources/forward/reader.hh"
#include "test/unit/sources/fake_feed.hh"

using namespace stook;
using namespace stook::test;

namespace {

constexpr NetKey keys[] = {NetKey::Tag, NetKey::Time,   NetKey::Record,  NetKey::RecvTime,
                           NetKey::Id,  NetKey::PeerIp, NetKey::PeerPort};

/// Gives bytes in pieces, then EAGAIN.
class Pieces final : public Receiver {
 public:
  Pieces(std::string bytes, size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  ssize_t receive(char* to, size_t size) override {
    size = std::min({size, piece_, bytes_.size() - at_});
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
    errno = EAGAIN;
    return size == 0 ? -1 : static_cast<ssize_t>(size);
  }

 private:
  std::string bytes_;
  size_t piece_;
  size_t at_ = 0;
};

std::string packed(const Cell& cell) {
  std::string bytes(cell_room(cell), '\0');
  bytes.resize(static_cast<size_t>(put_cell(bytes.data(), cell) - bytes.data()));
  return bytes;
}
std::string text(std::string_view value) {
  return packed(Cell::of_text(value));
}
/// [time, {"n": "vvv"}], or the two alone.
std::string entry(int64_t time, size_t size = 3, const char* head = "\x92") {
  return head + packed(Cell::of_integer(time)) + "\x81" + text("n") + text(std::string(size, 'v'));
}
std::string chunk(std::string_view id) {
  return "\x81" + text("chunk") + text(id);
}
std::string entries(int64_t from, int64_t until) {
  std::string all;
  for (int64_t time = from; time < until; time++) {
    all += entry(time);
  }
  return all;
}
std::string packed_message(int64_t from, int64_t until, const std::string& options = {}) {
  return (options.empty() ? "\x92" : "\x93") + text("packed") +
         packed(Cell::of_slice(Type::Bytes, entries(from, until))) + options;
}

/// A reader, what it answers, and the feed it fills.
struct ReaderRig final : public ForwardAnswers {
  explicit ReaderRig(size_t bundles = 4, size_t rows = 256, ForwardRules asked = {})
      : rules(asked), feed("forward", {{"listen", "127.0.0.1:0"}}, bundles, rows) {
    rows_.attach(feed);
  }
  void answer(ForwardReader&, std::string_view bytes) override { answers += bytes; }

  /// Reads until there is nothing more; bundles come home only once the pool is empty.
  RecordReader::Step read(Receiver& from) {
    for (;;) {
      RecordReader::Step step = reader.read(from, shape, peer, 1);
      feed.seal();
      if (step == RecordReader::Step::Paused) {
        pauses++;
        feed.give_back();
      } else if (step != RecordReader::Step::Some) {
        return step;
      }
    }
  }
  RecordReader::Step read(const std::string& bytes, size_t piece = SIZE_MAX) {
    Pieces pieces(bytes, piece);
    return read(pieces);
  }
  std::string times() {
    std::string all;
    for (const std::string& time : feed.values("time")) {
      all += (all.empty() ? "" : " ") + time.substr(0, std::max<size_t>(time.size(), 10) - 9);
    }
    return all;
  }

  ForwardRules rules;
  FakeFeed feed;
  NetRows rows_{keys};
  StreamShape shape{{Framing::Lf, 256 * 1024}, rows_};
  Peer peer;
  ForwardReader reader{rules, *this, nullptr};
  std::string answers;
  size_t pauses = 0;
};

std::string ack(std::string_view id) {
  return "\x81" + text("ack") + text(id);
}

}  // namespace

TEST_CASE("each mode makes the same rows, however its bytes come") {
  std::string bytes = "\x93" + text("single") + entry(1, 3, "") +                       // Message
                      "\xc0" + "\x92" + text("array") + "\x92" + entry(2) + entry(3) +  // a heartbeat, and Forward
                      packed_message(4, 7);
  for (size_t piece : {size_t{1}, size_t{7}, SIZE_MAX}) {
    CAPTURE(piece);
    ReaderRig peer;
    CHECK(peer.read(bytes, piece) == RecordReader::Step::Blocked);
    CHECK(peer.times() == "1 2 3 4 5 6");
    CHECK(peer.feed.joined("tag") == "single|array|array|packed|packed|packed");
    CHECK(peer.answers.empty());
    CHECK_FALSE(peer.reader.is_within_record());
  }
}

TEST_CASE("a pool that is empty within a message loses and repeats no entry") {
  ReaderRig peer(1, 3);
  peer.feed.keeps_giving_back = false;
  CHECK(peer.read(packed_message(1, 20, chunk("c"))) == RecordReader::Step::Blocked);
  CHECK(peer.times() == "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19");
  CHECK(peer.pauses > 4);
  CHECK(peer.answers.empty());
  peer.reader.acknowledge(19);
  CHECK(peer.answers == ack("c"));
}

TEST_CASE("a chunk is answered once its last row is final, and in order") {
  ReaderRig peer;
  CHECK(peer.read(packed_message(1, 4, chunk("a")) + packed_message(4, 6) + packed_message(6, 9, chunk("b")) +
                  packed_message(9, 9, chunk("empty"))) == RecordReader::Step::Blocked);
  CHECK(peer.reader.is_awaited());
  peer.reader.acknowledge(2);
  CHECK(peer.answers.empty());
  peer.reader.acknowledge(5);
  CHECK(peer.answers == ack("a"));
  peer.reader.acknowledge(3);  // late, and of no meaning
  CHECK(peer.answers == ack("a"));
  peer.reader.acknowledge(8);
  CHECK(peer.answers == ack("a") + ack("b") + ack("empty"));
  CHECK_FALSE(peer.reader.is_awaited());
}

TEST_CASE("what is no message is a fault that says why") {
  struct Case {
    std::string bytes;
    const char* fault;
  };
  const Case cases[] = {
      {"\x81", "a message that is no array of a tag, entries and options"},
      {"\x92\x01", "a tag that is no text of at most 1024 bytes"},
      {std::string("\x92\xdb\x7f\xff\xff\xff", 6), "a tag that is no text of at most 1024 bytes"},
      {"\x93" + text("t") + packed(Cell::of_integer(1)) + "\x01", "a record that is no map"},
      {"\x92" + text("t") + "\xdd\x7f\xff\xff\xff", "a message larger than max_message"},
      {"\x92" + text("t") + packed(Cell::of_slice(Type::Bytes, entry(1) + "\x92")),
       "a count of values that cannot all come"},
      {"\x93" + text("t") + "\x90" + "\x01", "options that are no map"},
      {"\x93" + text("t") + "\x90" + "\x81" + text("chunk") + "\x01",
       "a chunk id that is no text of at most 256 bytes"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.fault);
    for (size_t piece : {size_t{1}, SIZE_MAX}) {
      ReaderRig peer;
      CHECK(peer.read(one.bytes, piece) == RecordReader::Step::Wrong);
      CHECK(peer.reader.fault() == std::string(one.fault));
    }
  }
}

TEST_CASE("no row is acknowledged to a peer that then breaks the protocol") {
  ReaderRig peer;
  CHECK(peer.read(packed_message(1, 4, chunk("a")) + "\x81") == RecordReader::Step::Wrong);
  CHECK(peer.times() == "1 2 3");
  peer.reader.acknowledge(3);
  CHECK(peer.answers.empty());
}

TEST_CASE("an entry that is too long is skipped and counted, and its buffer is given back") {
  ForwardRules rules;
  rules.max_record = 1000;
  ReaderRig peer(4, 256, rules);
  CHECK(peer.read("\x92" + text("t") + "\x93" + entry(1) + entry(2, 5000) + entry(3), 100) ==
        RecordReader::Step::Blocked);
  CHECK(peer.times() == "1 3");
  CHECK(peer.feed.lost[static_cast<size_t>(Loss::TooLong)] == 1);
  CHECK(peer.shape.buffered > 0);
  peer.reader.shrink(peer.shape);
  CHECK(peer.shape.buffered == 0);
  CHECK_FALSE(peer.reader.has_buffer());
}
