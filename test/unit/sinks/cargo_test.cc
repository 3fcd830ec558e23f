// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/cargo.hh"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>
#include <vector>

using namespace stook;

namespace {
std::string frame(RowFraming framing, std::string_view row, bool is_binary = false) {
  std::string made;
  RowFrames(framing, is_binary).append(row, made);
  return made;
}

/// Payloads of rows, as codecs fill them.
struct Rows {
  std::deque<Payload> payloads;
  std::vector<Payload*> pointers;

  void add(const std::vector<std::string>& rows) {
    Payload& payload = payloads.emplace_back();
    payload.begin_part("");
    for (const std::string& row : rows) {
      payload.append(row);
      payload.end_row();
    }
    payload.count_rows(rows.size());
    payload.sequence = payloads.size();
    pointers.push_back(&payload);
  }
  Shipment shipment() const { return {pointers.data(), pointers.size()}; }
};

std::string rest_of(Cargo& cargo) {
  std::string all;
  while (cargo.has_more()) {
    size_t size = 0;
    for (const iovec& part : cargo.next()) {
      all.append(static_cast<const char*>(part.iov_base), part.iov_len);
      size += part.iov_len;
    }
    cargo.advance(size);
  }
  return all;
}

/// The rows of the whole frames at the head of a stream.
std::vector<std::string> whole_rows(RowFraming framing, std::string_view stream) {
  std::vector<std::string> rows;
  for (;;) {
    size_t head = 0, size = 0, tail = 0;
    if (framing == RowFraming::Lf || framing == RowFraming::Nul) {
      size = stream.find(framing == RowFraming::Lf ? '\n' : '\0');
      tail = 1;
    } else if (framing == RowFraming::Octets) {
      head = stream.find(' ') + 1;
      size = head == 0 ? std::string_view::npos : std::stoul(std::string(stream.substr(0, head)));
    } else {
      head = framing == RowFraming::Length32 ? 4 : 2;
      for (size_t i = 0; i < head && stream.size() >= head; i++) {
        size = size << 8 | static_cast<unsigned char>(stream[i]);
      }
      size = stream.size() < head ? std::string_view::npos : size;
    }
    if (size == std::string_view::npos || head + size + tail > stream.size()) {
      return rows;
    }
    rows.emplace_back(stream.substr(head, size));
    stream.remove_prefix(head + size + tail);
  }
}
}  // namespace

TEST_CASE("each framing says where a row ends") {
  CHECK(frame(RowFraming::Lf, "abc\n") == "abc\n");
  CHECK(frame(RowFraming::Lf, "abc") == "abc\n");
  CHECK(frame(RowFraming::Nul, "abc\n") == std::string("abc\0", 4));
  CHECK(frame(RowFraming::Octets, "abcdefghij\n") == "10 abcdefghij");
  CHECK(frame(RowFraming::Octets, "\n").empty());
  CHECK(frame(RowFraming::Length32, "abc\n") == std::string("\0\0\0\3abc", 7));
  CHECK(frame(RowFraming::Length16, "abc\n") == std::string("\0\3abc", 5));
  CHECK(frame(RowFraming::Length16, "a\n", true) == std::string("\0\2a\n", 4));
  for (RowFraming framing :
       {RowFraming::Lf, RowFraming::Nul, RowFraming::Octets, RowFraming::Length32, RowFraming::Length16}) {
    for (const char* row : {"", "\n", "a", "abcdefghi\n", "abcdefghij"}) {
      CHECK(RowFrames(framing, false).size(row) == frame(framing, row).size());
    }
  }
}

TEST_CASE("lines go as they are, from where they are") {
  Rows rows;
  rows.add({"a\n", "b\n"});
  rows.add({"c\n"});
  Cargo cargo(RowFrames(RowFraming::Lf, false), false, "");
  CHECK_FALSE(cargo.take(rows.shipment()));
  auto parts = cargo.next();
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].iov_base == rows.payloads[0].bytes().data());
  CHECK(parts[0].iov_len == 4);
  CHECK(rest_of(cargo) == "a\nb\nc\n");
  CHECK(cargo.take(rows.shipment()));
  CHECK_FALSE(cargo.has_more());
}

TEST_CASE("a header begins each connection and is no row") {
  Rows rows;
  rows.add({"1\n", "2\n", "3\n"});
  Cargo cargo(RowFrames(RowFraming::Octets, false), false, "n\n");
  (void)cargo.take(rows.shipment());
  cargo.restart();
  CHECK(rest_of(cargo) == "1 n1 11 21 3");
  cargo.acknowledge(3 + 3 + 2);  // header, first row, and two bytes of the second
  cargo.restart();
  CHECK(rest_of(cargo) == "1 n1 21 3");
}

TEST_CASE("a row that its framing cannot say is named and not sent") {
  Rows rows;
  rows.add({"a\n", "b\n"});
  rows.add({"c\n"});
  rows.add({"d\n", std::string(65536, 'x') + "\n", "e\n"});
  RowFrames frames(RowFraming::Length16, false);
  auto refused = frames.misfits(rows.shipment(), "its framing");
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].row == 4);
  CHECK(refused[0].reason == "a row of 65536 bytes is larger than its framing, which is at most 65535");
  Cargo cargo(frames, false, "");
  (void)cargo.take(rows.shipment());
  CHECK(rest_of(cargo) == std::string("\0\1a\0\1b\0\1c\0\1d\0\1e", 15));
  CHECK(RowFrames(RowFraming::Length32, false).misfits(rows.shipment(), "").empty());
}

TEST_CASE("another shipment is known from the one at hand") {
  Rows rows, others;
  rows.add({"a\n", "b\n"});
  others.add({"c\n"});
  others.payloads[0].lane = 7;
  Cargo cargo(RowFrames(RowFraming::Lf, false), true, "");
  (void)cargo.take(rows.shipment());
  (void)cargo.next();
  CHECK_FALSE(cargo.is_within_row());
  cargo.advance(1);
  CHECK(cargo.is_within_row());
  CHECK_FALSE(cargo.take(others.shipment()));
  CHECK(rest_of(cargo) == "c\n");
}

TEST_CASE("whatever a connection loses is sent again, in order and from the begin of a row") {
  unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  auto below = [&](size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random); };
  for (int round = 0; round < 300; round++) {
    auto framing = static_cast<RowFraming>(below(4));
    CAPTURE(round, static_cast<int>(framing));
    Rows rows;
    size_t count = 0;
    for (size_t i = 0, payloads = 1 + below(4); i < payloads; i++) {
      std::vector<std::string> some;
      for (size_t k = below(5); k > 0; k--) {
        std::string end = framing == RowFraming::Lf && below(3) == 0 ? "" : "\n";
        some.push_back(std::to_string(count++) + std::string(below(3) == 0 ? below(70'000) % 65'000 : 3, 'x') + end);
      }
      rows.add(some);
    }
    Cargo cargo(RowFrames(framing, false), below(1) == 0, "");
    (void)cargo.take(rows.shipment());
    size_t expected = 0;  // the first row that no connection brought
    for (int connection = 0; expected < count || connection == 0; connection++) {
      cargo.restart();
      std::string stream;
      size_t budget = connection > 5 ? SIZE_MAX : below(120'000);
      while (cargo.has_more() && stream.size() < budget) {
        size_t size = 0;
        std::string bytes;
        for (const iovec& part : cargo.next()) {
          bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
        }
        size = below(2) == 0 ? bytes.size() : below(bytes.size());
        stream += bytes.substr(0, size);
        cargo.advance(size);
      }
      // So much of it is acknowledged, and nothing behind it came.
      size_t acknowledged = connection > 5 ? stream.size() : below(stream.size());
      cargo.acknowledge(acknowledged);
      size_t first = expected;
      for (const std::string& row : whole_rows(framing, std::string_view(stream).substr(0, acknowledged))) {
        size_t number = std::stoul(row);
        REQUIRE(number == first++);
      }
      expected = first;
    }
    CHECK(expected == count);
  }
}
