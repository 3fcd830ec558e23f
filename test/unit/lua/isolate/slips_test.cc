// SPDX-License-Identifier: Apache-2.0
#include "core/lua/isolate/slips.hh"

#include <catch2/catch.hpp>
#include <string>

#include "core/lua/isolate/brief.hh"
#include "core/lua/isolate/relayed_log.hh"

using namespace stook;

namespace {
/// Kinds as letters, and bytes, of all slips in these bytes.
std::string slips_of(std::string_view bytes, size_t size = SIZE_MAX, size_t most = 100) {
  SlipCutter cutter(most);
  std::string all;
  while (!bytes.empty()) {
    cutter.add(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
    Slip slip;
    for (auto step = cutter.next(slip); step != SlipCutter::Step::More; step = cutter.next(slip)) {
      if (step == SlipCutter::Step::Wrong) {
        return all + "wrong";
      }
      all += static_cast<char>('a' + static_cast<int>(slip.kind));
      all += std::string(slip.bytes) + ";";
    }
  }
  return all + (cutter.has_rest() ? "~" : "");
}

std::string bytes_of(SlipBatch& batch) {
  batch.close();
  return std::string(batch.left());
}
}  // namespace

TEST_CASE("slips come as they were sent, however they are cut") {
  SlipBatch batch;
  batch.put(SlipKind::Commit, "one");
  batch.open(SlipKind::Text) += "{\"a\":";
  batch.open(SlipKind::Text) += "1}";
  batch.open(SlipKind::Rows) += "r";
  batch.put(SlipKind::Ended);
  std::string bytes = bytes_of(batch);
  for (size_t size : {size_t{1}, size_t{3}, size_t{5}, size_t{1000}}) {
    CHECK(slips_of(bytes, size) == "cone;b{\"a\":1};ar;f;");
  }
  CHECK(slips_of(bytes.substr(0, bytes.size() - 1)) == "cone;b{\"a\":1};ar;~");
  batch.take(8);
  CHECK(std::string(batch.left()) == bytes.substr(8));
}

TEST_CASE("of a slip that is cut short what there is can be had") {
  SlipBatch batch;
  batch.put(SlipKind::Text, "text");
  std::string bytes = bytes_of(batch);
  for (size_t size = 0; size < bytes.size(); size++) {
    SlipCutter cutter(100);
    cutter.add(std::string_view(bytes).substr(0, size));
    Slip slip{};
    CHECK(cutter.next(slip) == SlipCutter::Step::More);
    REQUIRE(cutter.take_rest(slip) == (size >= SlipCutter::head));
    CHECK(slip.bytes == std::string_view("text").substr(0, size >= SlipCutter::head ? size - SlipCutter::head : 0));
  }
}

TEST_CASE("bytes that are no slips are found out before anything is kept for them") {
  CHECK(slips_of(std::string("\x65\0\0\0\1", 5)) == "wrong");
  CHECK(slips_of(std::string("\1\0\0\0\x7fx", 6)) == "wrong");
  CHECK(slips_of(std::string("\xff\xff\xff\xff\1", 5)) == "wrong");
}

TEST_CASE("rows keep their cells") {
  Bundle bundle(4, 4, 10);
  Row row = bundle.append();
  Row empty = bundle.append();
  const char address[] = {'\x7f', 0, 0, 1};
  const char object[] = {'\x81', '\xa1', 'k', 5};
  Cell rest = Cell::of_slice(Type::Object, {object, sizeof object});
  rest.is_number = true;
  const Cell cells[] = {Cell::of_text("text"),
                        Cell::of_integer(-1),
                        Cell::of_unsigned(UINT64_MAX),
                        Cell::of_real(0.1),
                        Cell::of_boolean(true),
                        Cell::of_null(),
                        Cell::of_time(5),
                        Cell::of_slice(Type::Address, {address, 4}),
                        rest};
  for (size_t key = 0; key < std::size(cells); key++) {
    bundle.put(static_cast<KeyId>(key + 1), row, cells[key]);
  }
  std::string bytes;
  put_slip_row(bytes, bundle, row);
  put_slip_row(bytes, bundle, empty);
  SlipRows rows(bytes);
  size_t found = 0;
  REQUIRE(rows.next([&](size_t place, const Cell& cell) {
    const Cell& sent = cells[place - 1];
    CHECK(cell.type == sent.type);
    CHECK(cell.is_number == sent.is_number);
    CHECK((cell.is_slice() ? cell.bytes() == sent.bytes() : cell.bits == sent.bits));
    found++;
  }));
  CHECK(found == std::size(cells));
  REQUIRE(rows.next([&](size_t, const Cell&) { found++; }));
  CHECK(found == std::size(cells));
  CHECK(rows.is_empty());
  for (size_t size = 1; size + 2 < bytes.size(); size++) {
    SlipRows torn(std::string_view(bytes).substr(0, size));
    CHECK_FALSE(torn.next([](size_t, const Cell&) {}));
  }
}

TEST_CASE("cells that no bundle may hold are refused") {
  auto is_refused = [](std::string_view cell) {
    std::string bytes("\1\0\0\0", 4);
    SlipRows rows(bytes.append(cell));
    return !rows.next([](size_t, const Cell&) {});
  };
  CHECK_FALSE(is_refused(std::string_view("\6\0\2\0\0\0ab", 8)));
  CHECK(is_refused(std::string_view("\6\0\3\0\0\0ab", 8)));           // longer than what is there
  CHECK(is_refused(std::string_view("\6\1\2\0\0\0ab", 8)));           // a number that is none
  CHECK(is_refused(std::string_view("\x8\0\2\0\0\0ab", 8)));          // an address of two bytes
  CHECK(is_refused(std::string_view("\x9\0\1\0\0\0\x91", 7)));        // an object without its end
  CHECK(is_refused(std::string_view("\xa\0\0\0\0\0\0\0\0\0", 10)));   // a type of keys only
  CHECK(is_refused(std::string_view("\xc8\0\0\0\0\0\0\0\0\0", 10)));  // no type
}

TEST_CASE("a brief comes as it was written, or not at all") {
  ScriptBrief brief{"in", "/etc/in.lua", "return 1", {"a=1", "b="}, {1 << 20, 7}, {}, "{\"token\":1}", Level::Warning};
  brief.world.paths = "?.lua";
  brief.world.has_package = true;
  brief.world.interval = 5;
  std::string bytes = write_brief(brief);
  ScriptBrief found;
  REQUIRE(read_brief(bytes, found));
  CHECK(write_brief(found) == bytes);
  CHECK(found.settings == brief.settings);
  CHECK(found.world.paths == "?.lua");
  CHECK(found.level == Level::Warning);
  for (size_t size = 0; size < bytes.size(); size++) {
    ScriptBrief torn;
    CHECK_FALSE(read_brief(std::string_view(bytes).substr(0, size), torn));
  }
}

TEST_CASE("a line of a log becomes the event that it was") {
  Level level{};
  std::string event;
  Fields fields;
  Fields said = Fields()("instance", "in")("message", "a \"b\" \\ c\nd\t=\xff")("line", 7)("empty", "");
  REQUIRE(
      read_log_line("time=2026-11-22T02:00:00.000Z level=error event=script_log" + said.text(), level, event, fields));
  CHECK(level == Level::Error);
  CHECK(event == "script_log");
  CHECK(fields.text() == said.text());
  for (const char* other : {"", "terminate called", "time=1 level=loud event=x", "time=1 level=error",
                            "time=1 level=info event=x a", "time=1 level=info event=x a=\"b"}) {
    CAPTURE(other);
    CHECK_FALSE(read_log_line(other, level, event, fields));
  }
}
