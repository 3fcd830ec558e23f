// SPDX-License-Identifier: Apache-2.0
/// Files of segments that are used again: what they held before is never taken for what they hold.
#include <catch2/catch.hpp>

#include "core/spool/folder.hh"
#include "core/spool/spool.hh"
#include "rows.hh"

using namespace stook;

namespace {
/// A spool that is read as fast as it is written, up to the last records.
struct Stream {
  Stream() { open(); }
  void open() {
    spool.reset();
    spool = Spool::open(small_spool(), nullptr, nullptr, disk);
  }
  void append(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
      REQUIRE(append_rows(spool->writer(), ++last, 1, 100) == SpoolAnswer::Taken);
    }
    REQUIRE(spool->writer().sync());
  }
  std::vector<uint64_t> read() {
    std::vector<uint64_t> sequences;
    Payload payload;
    while (auto sequence = spool->reader().next(payload)) {
      sequences.push_back(*sequence);
      spool->reader().acknowledge(*sequence);
    }
    return sequences;
  }
  /// Many segments, until the file of one waits to be used again.
  void flow_until_spare() {
    for (int i = 0; i < 300 && (i < 200 || disk.bytes(spare) == nullptr); i++) {
      append(1);
      read();
    }
    REQUIRE(disk.bytes(spare) != nullptr);
  }
  std::string newest() {
    std::string path;
    for (const std::string& each : disk.paths()) {
      path = each.size() > 4 && each.substr(each.size() - 4) == ".seg" ? each : path;
    }
    return path;
  }
  static constexpr const char* spare = "/spool/spare";
  ModelDisk disk{1};
  std::unique_ptr<Spool> spool;
  uint64_t last = 0;
};
}  // namespace

TEST_CASE("a delivered segment's file becomes the next one, and a crash finds nothing of what it held") {
  Stream stream;
  stream.flow_until_spare();
  stream.append(3);
  const std::string& bytes = *stream.disk.bytes(stream.newest());
  INFO("what is behind the last record is that of another life");
  REQUIRE(bytes.size() == small_spool().segment_size);
  REQUIRE(bytes.find("row ", bytes.size() / 2) != std::string::npos);
  stream.disk.kill();
  stream.open();
  CHECK(stream.spool->torn_bytes() == 0);
  std::vector<uint64_t> rest = stream.read();
  REQUIRE(rest.size() >= 3);
  CHECK(rest.back() == stream.last);
  CHECK(stream.spool->read().lost_records.read() == 0);
  CHECK(stream.spool->read().bad_bytes.read() == 0);
}

TEST_CASE("a file that a power loss gave its next name and not its next header is let go") {
  Stream stream;
  stream.flow_until_spare();
  stream.append(2);
  stream.disk.kill();
  const std::string next = segment_path("/spool", *segment_id(stream.newest().substr(7)) + 1);
  if (stream.disk.bytes(Stream::spare) == nullptr) {
    FAIL("no spare file");
  }
  REQUIRE(stream.disk.rename(Stream::spare, next) == 0);
  stream.open();
  CHECK(stream.disk.bytes(next) == nullptr);
  CHECK(stream.read().back() == stream.last);
  CHECK(stream.spool->read().lost_records.read() == 0);
  stream.append(1);
  CHECK(stream.read() == std::vector<uint64_t>{stream.last});
}

TEST_CASE("a spare file is gone after a start and after an orderly end") {
  Stream stream;
  stream.flow_until_spare();
  stream.disk.kill();
  REQUIRE(stream.disk.bytes(Stream::spare) != nullptr);
  stream.open();
  CHECK(stream.disk.bytes(Stream::spare) == nullptr);
  stream.flow_until_spare();
  stream.spool->writer().close();
  stream.spool->reader().close();
  CHECK(stream.disk.bytes(Stream::spare) == nullptr);
}
