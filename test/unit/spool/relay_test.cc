// SPDX-License-Identifier: Apache-2.0
#include "core/spool/relay.hh"

#include <catch2/catch.hpp>

#include "core/spool/folder.hh"
#include "rows.hh"

using namespace stook;

namespace {
/// What a reader got: sequence, rows, and bytes of each record.
using Record = std::tuple<uint64_t, size_t, std::string>;

std::vector<Record> read_all(SpoolReader& reader) {
  std::vector<Record> all;
  Payload payload;
  while (auto sequence = reader.next(payload)) {
    all.emplace_back(*sequence, payload.row_ends().size(), std::string(payload.bytes()));
    reader.acknowledge(*sequence);
  }
  return all;
}

std::unique_ptr<Spool> open_spool(ModelDisk& disk, uint32_t relayed) {
  SpoolSettings settings = small_spool();
  settings.relayed = relayed;
  return Spool::open(settings, nullptr, nullptr, disk);
}
}  // namespace

TEST_CASE("a reader gets the same from memory, from the file, and from both in turns") {
  std::vector<std::vector<Record>> runs;
  for (uint32_t relayed : {0, 1, 7, 64}) {
    ModelDisk disk(1);
    auto spool = open_spool(disk, relayed);
    std::vector<Record> records;
    for (uint64_t i = 1; i <= 300; i++) {
      append_rows(spool->writer(), i, 1 + i % 4, 10 + i * 7 % 300);
      if (i % 23 == 0 || (i > 200 && i % 2 == 0)) {
        auto more = read_all(spool->reader());
        records.insert(records.end(), more.begin(), more.end());
      }
    }
    auto more = read_all(spool->reader());
    records.insert(records.end(), more.begin(), more.end());
    REQUIRE(records.size() == 300);
    runs.push_back(std::move(records));
    CHECK(spool->waiting().rows == 0);
  }
  CHECK(runs[0] == runs[1]);
  CHECK(runs[0] == runs[2]);
  CHECK(runs[0] == runs[3]);
}

TEST_CASE("records in memory are no more than allowed, and the others come from the file") {
  ModelDisk disk(1);
  auto spool = open_spool(disk, 3);
  for (uint64_t i = 1; i <= 8; i++) {
    Payload payload;
    put_rows(payload, i, 1);
    REQUIRE(spool->writer().append(payload) == SpoolAnswer::Taken);
    CHECK(payload.rows() == (i <= 3 ? 0 : 1));
  }
  std::string* bytes = disk.bytes(segment_path("/spool", 1));
  for (uint64_t record = 0; record < 8; record++) {  // none of them can be read any more
    (*bytes)[segment_header_size + record * record_size(4 + 12 + 32 + 21) + 60] ^= 1;
  }
  CHECK(read_all(spool->reader()).size() == 3);
  CHECK(spool->read().bad_spans.read() == 5);
}

TEST_CASE("a payload that is larger than a relay keeps goes through the file alone") {
  ModelDisk disk(1);
  SpoolSettings settings = small_spool();
  settings.segment_size = 16 << 20;
  settings.size = uint64_t{1} << 30;
  auto spool = Spool::open(settings, nullptr, nullptr, disk);
  Payload payload;
  put_rows(payload, 1, 3, 1 << 20);
  REQUIRE(spool->writer().append(payload) == SpoolAnswer::Taken);
  CHECK(payload.rows() == 3);
  CHECK(read_all(spool->reader()).size() == 1);
}

TEST_CASE("what is relayed of a segment that is left after a failed sync comes once") {
  ModelDisk disk(1);
  auto spool = open_spool(disk, 64);
  append_rows(spool->writer(), 1, 1);
  append_rows(spool->writer(), 2, 1);
  Payload payload;
  REQUIRE(spool->reader().next(payload) == 1);
  disk.fail_sync = 0;
  REQUIRE(spool->writer().sync());
  append_rows(spool->writer(), 3, 1);
  CHECK(read_all(spool->reader()).size() == 2);
  CHECK(spool->read().lost_records.read() == 0);
}
