// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/chunks.hh"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "core/data/object.hh"
#include "sources/forward/inflate.hh"
#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Rig;

namespace {

std::string value_of(const Cell& cell) {
  std::string bytes(cell_room(cell), '\0');
  bytes.resize(static_cast<size_t>(put_cell(bytes.data(), cell) - bytes.data()));
  return bytes;
}

/// A row as the codec `forward` writes it.
std::string row_of(std::string_view tag, int n, size_t size = 3) {
  return value_of(Cell::of_text(tag)) + "\x92" + value_of(Cell::of_integer(n)) + "\x81" + value_of(Cell::of_text("m")) +
         value_of(Cell::of_text(std::string(size, 'm')));
}

std::deque<ForwardChunk> chunks_of(const std::vector<std::string>& rows, bool is_packed = false) {
  Payload payload;
  payload.begin_part("");
  for (const std::string& row : rows) {
    payload.append(row);
    payload.end_row();
  }
  payload.count_rows(rows.size());
  Payload* one = &payload;
  return make_chunks({&one, 1}, is_packed);
}

/// The parts of a message.
struct Parts {
  std::string tag;
  std::string entries;
  std::string options;
};

Parts parts_of(const ForwardChunk& chunk) {
  ObjectReader reader(chunk.message);
  Cell cell{};
  uint32_t size = 0;
  REQUIRE(reader.next(cell, size) == Item::Array);
  REQUIRE(size == 3);
  REQUIRE(reader.next(cell, size) == Item::Value);
  std::string tag(cell.bytes());
  REQUIRE(reader.next(cell, size) == Item::Value);
  REQUIRE(cell.type == Type::Bytes);
  std::string entries(cell.bytes());
  std::string options(reader.skip());
  CHECK(reader.left() == 0);
  return {tag, entries, options};
}

std::string tail(const std::string& row) {
  return row.substr(ObjectReader(row).skip().size());
}

}  // namespace

TEST_CASE("rows of one tag that follow one another are a chunk, with an id of its own") {
  std::deque<ForwardChunk> chunks = chunks_of({row_of("a", 1), row_of("a", 2), row_of("b", 3), row_of("a", 4)});
  REQUIRE(chunks.size() == 3);
  std::set<std::string> ids;
  std::string tags;
  for (const ForwardChunk& chunk : chunks) {
    ids.insert(chunk.id);
    tags += parts_of(chunk).tag;
    CHECK(parts_of(chunk).options.find(chunk.id) != std::string::npos);
  }
  CHECK(ids.size() == 3);
  CHECK(tags == "aba");
  CHECK(parts_of(chunks[0]).entries == tail(row_of("a", 1)) + tail(row_of("a", 2)));
}

TEST_CASE("a chunk ends at half a MiB, and a larger row is one by itself") {
  std::vector<std::string> rows(30, row_of("a", 1, 60'000));
  rows.push_back(row_of("a", 2, 1'000'000));
  std::deque<ForwardChunk> chunks = chunks_of(rows);
  std::string all;
  for (const ForwardChunk& chunk : chunks) {
    std::string entries = parts_of(chunk).entries;
    CHECK((entries.size() <= 512 * 1024 || entries == tail(rows.back())));
    all += entries;
  }
  std::string expected;
  for (const std::string& row : rows) {
    expected += tail(row);
  }
  CHECK(all == expected);
  CHECK(chunks.size() == 5);
}

TEST_CASE("a packed chunk inflates to its entries") {
  std::vector<std::string> rows;
  std::string expected;
  for (int i = 0; i < 1000; i++) {
    rows.push_back(row_of("a", i));
    expected += tail(rows.back());
  }
  std::deque<ForwardChunk> chunks = chunks_of(rows, true);
  REQUIRE(chunks.size() == 1);
  std::string packed = parts_of(chunks[0]).entries;
  CHECK(packed.size() < expected.size());
  std::string made(expected.size() + 1, '\0');
  ChunkInflater inflater;
  ChunkInflater::Made step = inflater.go(packed, made.data(), made.size());
  CHECK(inflater.is_whole());
  CHECK(made.substr(0, step.made) == expected);
}

TEST_CASE("rows of another codec are no chunks") {
  CHECK(chunks_of({"{\"a\":1}\n"}).empty());
  CHECK(chunks_of({row_of("a", 1), "{\"a\":1}\n"}).empty());
  CHECK(chunks_of({}).empty());
}

TEST_CASE("acknowledgements may come in pieces, twice, and for what was never sent") {
  std::deque<ForwardChunk> chunks = chunks_of({row_of("a", 1), row_of("b", 2), row_of("c", 3)});
  auto ack = [](std::string_view id) { return "\x81" + value_of(Cell::of_text("ack")) + value_of(Cell::of_text(id)); };
  std::string stream = ack(chunks[1].id) + ack(chunks[1].id) + ack("nobody") + "\xc0" + ack(chunks[2].id);
  std::string received;
  for (char c : stream) {
    received += c;
    take_acknowledgements(received, chunks);
  }
  CHECK(received.empty());
  CHECK_FALSE(chunks[0].is_acknowledged);
  CHECK(chunks[1].is_acknowledged);
  CHECK(chunks[2].is_acknowledged);
}

TEST_CASE("the codec forward keeps types, and puts the time to the nanosecond in front") {
  char object[64];
  char* end = put_cell(put_cell(put_map_head(object, 1), Cell::of_text("in")), Cell::of_unsigned(UINT64_MAX));
  Rig rig(Kind::Codec, "forward", {{"tag", "app"}});
  rig.row({{"time", Cell::of_time(1795232280'123456789)},
           {"u", Cell::of_unsigned(UINT64_MAX)},
           {"n", Cell::of_null()},
           {"b", Cell::of_slice(Type::Bytes, "\xff\xfe")},
           {"o", Cell::of_slice(Type::Object, {object, static_cast<size_t>(end - object)})}});
  std::string row = rig.encode();
  std::string expected = value_of(Cell::of_text("app")) + "\x92" + std::string("\xd7\x00", 2) + "\x6b\x01\x12\x18" +
                         std::string("\x07\x5b\xcd\x15", 4) + "\x84" + value_of(Cell::of_text("u")) +
                         value_of(Cell::of_unsigned(UINT64_MAX)) + value_of(Cell::of_text("n")) + "\xc0" +
                         value_of(Cell::of_text("b")) + "\xc4\x02\xff\xfe" + value_of(Cell::of_text("o")) +
                         std::string(object, static_cast<size_t>(end - object));
  CHECK(row == expected);
  CHECK(chunks_of({row}).size() == 1);
}
