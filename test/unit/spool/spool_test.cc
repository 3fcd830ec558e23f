// SPDX-License-Identifier: Apache-2.0
#include "core/spool/spool.hh"

#include <catch2/catch.hpp>

#include "core/base/status.hh"
#include "core/spool/folder.hh"
#include "rows.hh"

using namespace stook;

namespace {
/// A spool on a disk in memory, its reader acknowledging as it goes.
struct Bench {
  explicit Bench(SpoolSettings settings_ = small_spool()) : settings(std::move(settings_)) { reopen(); }
  void reopen() {
    spool.reset();
    spool = Spool::open(settings, nullptr, nullptr, disk);
  }
  /// Reads everything there is: the first words of the first row of each record.
  std::vector<uint64_t> drain(bool acknowledge = true) {
    std::vector<uint64_t> sequences;
    Payload payload;
    while (auto sequence = spool->reader().next(payload)) {
      sequences.push_back(*sequence);
      rows += payload.rows();
      if (acknowledge) {
        spool->reader().acknowledge(*sequence);
      }
    }
    return sequences;
  }
  ModelDisk disk{1};
  SpoolSettings settings;
  std::unique_ptr<Spool> spool;
  uint64_t rows = 0;
};

std::vector<uint64_t> from_to(uint64_t first, uint64_t last) {
  std::vector<uint64_t> all;
  for (uint64_t i = first; i <= last; i++) {
    all.push_back(i);
  }
  return all;
}
}  // namespace

TEST_CASE("what is appended is read in order, over many segments, and the segments go") {
  Bench bench;
  for (uint64_t i = 1; i <= 200; i++) {
    REQUIRE(append_rows(bench.spool->writer(), i, 3) == SpoolAnswer::Taken);
  }
  CHECK(bench.spool->waiting().rows == 600);
  CHECK(bench.drain() == from_to(1, 200));
  CHECK(bench.rows == 600);
  CHECK(bench.spool->waiting().rows == 0);
  CHECK(bench.spool->waiting().records == 0);
  bench.spool->writer().close();
  bench.spool->reader().close();
  CHECK(bench.spool->waiting().disk_bytes <= 4096);
  bench.reopen();
  CHECK(bench.drain().empty());
  CHECK(bench.spool->read().lost_records.read() == 0);
  REQUIRE(append_rows(bench.spool->writer(), 1, 1) == SpoolAnswer::Taken);
  CHECK(bench.drain() == from_to(201, 201));
}

TEST_CASE("a batch is durable after a sync, which is due by time or by bytes") {
  Bench bench;
  SpoolWriter& writer = bench.spool->writer();
  CHECK(writer.next_time() == -1);
  append_rows(writer, 1, 1);
  CHECK(writer.last() == 1);
  CHECK(writer.durable() == 0);
  CHECK(writer.next_time() == bench.disk.now + bench.settings.sync_every);
  bench.disk.now = writer.next_time();
  CHECK(writer.on_time(bench.disk.now));
  CHECK(writer.durable() == 1);
  CHECK(writer.next_time() == -1);
  append_rows(writer, 1, 1, 2000);
  CHECK(writer.durable() == 2);
}

TEST_CASE("always is durable at once, and never syncs nothing") {
  SpoolSettings settings = small_spool();
  settings.sync = SpoolSync::Always;
  Bench always(settings);
  append_rows(always.spool->writer(), 1, 1);
  CHECK(always.spool->writer().durable() == 1);
  settings.sync = SpoolSync::Never;
  Bench never(settings);
  const uint64_t syncs = never.disk.syncs;
  for (int i = 0; i < 500; i++) {
    append_rows(never.spool->writer(), 1, 1);
  }
  CHECK(never.spool->writer().durable() == 500);
  CHECK(never.disk.syncs == syncs);
}

TEST_CASE("records that are not acknowledged come again after a restart") {
  Bench bench;
  for (uint64_t i = 1; i <= 100; i++) {
    append_rows(bench.spool->writer(), i, 1);
  }
  Payload payload;
  for (uint64_t i = 1; i <= 60; i++) {
    REQUIRE(bench.spool->reader().next(payload) == i);
  }
  CHECK(bench.spool->reader().out() == 60);
  bench.spool->reader().acknowledge(45);
  CHECK(bench.spool->reader().out() == 15);
  bench.spool->writer().close();
  bench.spool->reader().close();
  bench.reopen();
  CHECK(bench.drain() == from_to(46, 100));
}

TEST_CASE("a failed sync loses nothing: the records go to a new segment and come once") {
  Bench bench;
  SpoolWriter& writer = bench.spool->writer();
  for (uint64_t i = 1; i <= 5; i++) {
    append_rows(writer, i, 1);
  }
  CHECK(bench.drain() == from_to(1, 5));
  bench.disk.fail_sync = 0;
  REQUIRE(writer.sync());
  CHECK(writer.durable() == 5);
  CHECK(bench.spool->written().sync_failures.read() == 1);
  append_rows(writer, 6, 1);
  REQUIRE(writer.sync());
  CHECK(bench.drain() == from_to(6, 6));
  bench.spool.reset();
  bench.disk.remove("/spool/state");
  bench.disk.lose_power();
  bench.reopen();
  CHECK(bench.drain() == from_to(1, 6));
  CHECK(bench.spool->read().lost_records.read() == 0);
}

TEST_CASE("a sequence is not used again when a failed sync left it in a segment before the last") {
  Bench bench;
  for (uint64_t i = 1; i <= 5; i++) {
    append_rows(bench.spool->writer(), i, 1);
  }
  bench.disk.fail_sync = 0;
  REQUIRE(bench.spool->writer().sync());
  bench.spool.reset();
  bench.disk.kill();
  REQUIRE(bench.disk.bytes(segment_path("/spool", 2)) != nullptr);
  bench.disk.cut(segment_path("/spool", 2), 400);  // as when the process ends while the copies are made
  for (int i = 0; i < 2; i++) {                    // the second start finds the last segment mended by the first
    bench.reopen();
    CHECK(bench.spool->writer().last() == 5);
  }
  append_rows(bench.spool->writer(), 6, 1);
  CHECK(bench.drain() == from_to(1, 6));
  CHECK(bench.rows == 6);
  CHECK(bench.spool->read().lost_records.read() == 0);
}

TEST_CASE("when the new segment cannot be synced either, nothing is durable until one can") {
  Bench bench;
  SpoolWriter& writer = bench.spool->writer();
  append_rows(writer, 1, 1);
  bench.disk.fail_sync = 0;
  bench.disk.capacity = 5000;
  CHECK_FALSE(writer.sync());
  CHECK(writer.durable() == 0);
  CHECK(append_rows(writer, 2, 1) == SpoolAnswer::Failed);
  CHECK_FALSE(writer.reason().empty());
  CHECK(writer.next_time() > 0);
  bench.disk.capacity = 1 << 20;
  bench.disk.now = writer.next_time();
  CHECK(writer.on_time(bench.disk.now));
  CHECK(writer.durable() == 1);
  CHECK(append_rows(writer, 2, 1) == SpoolAnswer::Taken);
  CHECK(bench.drain() == from_to(1, 2));
}

TEST_CASE("a failed write leaves the record out, and the next one takes its place elsewhere") {
  Bench bench;
  SpoolWriter& writer = bench.spool->writer();
  append_rows(writer, 1, 1);
  bench.disk.fail_write = 0;
  CHECK(append_rows(writer, 2, 1) == SpoolAnswer::Taken);
  bench.disk.has_short_writes = true;
  for (uint64_t i = 3; i <= 50; i++) {
    CHECK(append_rows(writer, i, 1) == SpoolAnswer::Taken);
  }
  CHECK(bench.drain() == from_to(1, 50));
  CHECK(bench.spool->read().lost_records.read() == 0);
}

TEST_CASE("a full spool blocks until a segment is acknowledged") {
  SpoolSettings settings = small_spool();
  settings.size = 16384;
  Bench bench(settings);
  uint64_t taken = 0;
  while (append_rows(bench.spool->writer(), taken + 1, 1, 200) == SpoolAnswer::Taken) {
    taken++;
  }
  CHECK(taken > 40);
  CHECK(append_rows(bench.spool->writer(), taken + 1, 1, 200) == SpoolAnswer::Full);
  CHECK(bench.drain() == from_to(1, taken));
  CHECK(append_rows(bench.spool->writer(), taken + 1, 1, 200) == SpoolAnswer::Taken);
  CHECK(bench.drain() == from_to(taken + 1, taken + 1));
}

TEST_CASE("a full disk and one with too little free block") {
  SpoolSettings settings = small_spool();
  settings.min_free = 50;
  Bench bench(settings);
  bench.disk.capacity = 20000;
  uint64_t taken = 0;
  while (append_rows(bench.spool->writer(), taken + 1, 1, 200) == SpoolAnswer::Taken) {
    taken++;
  }
  CHECK(bench.spool->waiting().disk_bytes < 10000);
  CHECK(bench.spool->writer().reason().find("less than 50 % free") != std::string::npos);
  bench.disk.capacity = 1 << 20;
  CHECK(append_rows(bench.spool->writer(), taken + 1, 1, 200) == SpoolAnswer::Taken);
  CHECK(bench.drain() == from_to(1, taken + 1));
}

TEST_CASE("a disk with room for one segment only is used again and again, before and after a restart") {
  SpoolSettings settings = small_spool();
  settings.min_free = 0;
  Bench bench(settings);
  bench.disk.capacity = 6500;  // with the state and the lock
  uint64_t last = 0;
  for (int round = 0; round < 6; round++) {
    uint64_t taken = last;
    while (append_rows(bench.spool->writer(), taken + 1, 1, 200) == SpoolAnswer::Taken) {
      taken++;
    }
    CHECK(taken > last + 5);
    if (round % 3 == 2) {
      bench.disk.kill();
      bench.reopen();
    }
    CHECK(bench.drain() == from_to(last + 1, taken));
    bench.disk.now += 2'000'000'000;
    bench.spool->reader().on_time(bench.disk.now);
    last = taken;
  }
  CHECK(bench.spool->read().lost_records.read() == 0);
  CHECK(bench.spool->waiting().records == 0);
}

TEST_CASE("drop_new drops the new, drop_oldest the oldest unread, and both are counted to the row") {
  SpoolSettings settings = small_spool();
  settings.size = 16384;
  settings.full = SpoolFull::DropNew;
  Bench young(settings);
  for (uint64_t i = 1; i <= 300; i++) {
    append_rows(young.spool->writer(), i, 2, 100);
  }
  CHECK(young.spool->written().dropped_rows.read() + young.spool->written().rows.read() == 600);
  young.drain();
  CHECK(young.rows == young.spool->written().rows.read());

  settings.full = SpoolFull::DropOldest;
  Bench old(settings);
  for (uint64_t i = 1; i <= 300; i++) {
    REQUIRE(append_rows(old.spool->writer(), i, 2, 100) == SpoolAnswer::Taken);
  }
  CHECK(old.spool->written().evicted_rows.read() > 300);
  CHECK(old.spool->waiting().rows + old.spool->written().evicted_rows.read() == 600);
  SECTION("in the same process") {}
  SECTION("after a restart") {
    old.spool->writer().close();
    const uint64_t waiting = old.spool->waiting().rows;
    old.reopen();
    CHECK(old.spool->waiting().rows == waiting);
  }
  const uint64_t waiting = old.spool->waiting().rows;
  const std::vector<uint64_t> sequences = old.drain();
  CHECK(old.rows == waiting);
  CHECK(sequences.back() == 300);
  CHECK(old.spool->read().lost_records.read() == 0);
  CHECK(old.spool->read().lost_rows.read() == 0);
  CHECK(old.spool->waiting().rows == 0);
}

TEST_CASE("a damaged body costs its record, a damaged header what it hides, and both are counted and kept") {
  Bench bench;
  for (uint64_t i = 1; i <= 10; i++) {
    append_rows(bench.spool->writer(), i, i);
  }
  bench.spool->writer().close();
  bench.spool.reset();
  const std::string path = segment_path("/spool", 1);
  std::vector<uint64_t> offsets;
  const uint32_t seed = spool_seed(read_segment_header(bench.disk.bytes(path)->data())->uuid);
  for (uint64_t at = segment_header_size; offsets.size() < 10;) {
    offsets.push_back(at);
    at += record_size(read_record_header(bench.disk.bytes(path)->data() + at, seed)->length);
  }
  bench.disk.flip(path, offsets[2] + record_header_size + 40, 1);
  bench.disk.flip(path, offsets[5] + 5, 1);
  bench.disk.flip(path, offsets[9] + 5, 1);
  bench.reopen();
  CHECK(bench.drain() == std::vector<uint64_t>{1, 2, 4, 5, 7, 8, 9});
  CHECK(bench.rows == 55 - 3 - 6 - 10);
  // The last is known to be lost once the next segment is there, or by the footer.
  append_rows(bench.spool->writer(), 11, 1);
  CHECK(bench.drain() == from_to(11, 11));
  CHECK(bench.spool->read().lost_records.read() == 3);
  CHECK(bench.spool->read().lost_rows.read() == 19);
  CHECK(bench.spool->read().bad_spans.read() == 3);
  size_t kept = 0;
  for (const std::string& each : bench.disk.paths()) {
    kept += each.rfind("/spool/bad/", 0) == 0 ? 1 : 0;
  }
  CHECK(kept == 3);
}

TEST_CASE("a missing segment is lost and counted, a missing state costs repeats") {
  Bench bench;
  for (uint64_t i = 1; i <= 200; i++) {
    append_rows(bench.spool->writer(), i, 1);
  }
  bench.spool->writer().close();
  bench.spool.reset();
  bench.disk.remove(segment_path("/spool", 2));
  bench.disk.remove("/spool/state");
  bench.reopen();
  const std::vector<uint64_t> sequences = bench.drain();
  CHECK(bench.spool->read().lost_records.read() > 0);
  CHECK(sequences.size() + bench.spool->read().lost_records.read() == 200);
  CHECK(bench.rows + bench.spool->read().lost_rows.read() == 200);
}

TEST_CASE("a spool is open in one process at a time") {
  Bench bench;
  CHECK_THROWS_AS(Spool::open(bench.settings, nullptr, nullptr, bench.disk), SetupError);
}

TEST_CASE("a payload beyond a record's length goes in pieces of whole rows, and a row beyond it is refused") {
  SpoolSettings settings = small_spool();
  settings.segment_size = 16 << 20;
  settings.size = uint64_t{1} << 30;
  Bench bench(settings);
  Payload large;
  put_rows(large, 1, 40, 1 << 20);
  REQUIRE(bench.spool->writer().append(large) == SpoolAnswer::Taken);
  CHECK(bench.drain() == from_to(1, 3));
  CHECK(bench.rows == 40);
  Payload huge;
  put_rows(huge, 1, 1, 17 << 20);
  CHECK(bench.spool->writer().append(huge) == SpoolAnswer::Refused);
  CHECK(append_rows(bench.spool->writer(), 1, 1) == SpoolAnswer::Taken);
}

TEST_CASE("rows of another kind are told while they wait, and not once they are read") {
  Bench bench;
  REQUIRE(append_rows(bench.spool->writer(), 1, 3) == SpoolAnswer::Taken);
  bench.spool->writer().close();
  bench.spool->reader().close();
  CHECK_FALSE(bench.spool->has_foreign());
  bench.settings.is_recoded = true;
  bench.reopen();
  CHECK(bench.spool->has_foreign());
  CHECK(bench.spool->waiting().rows == 3);
  bench.settings.is_recoded = false;
  bench.reopen();
  CHECK_FALSE(bench.spool->has_foreign());
  CHECK(bench.drain() == from_to(1, 1));
  bench.spool->reader().close();
  bench.settings.is_recoded = true;
  bench.reopen();
  CHECK_FALSE(bench.spool->has_foreign());
  REQUIRE(append_rows(bench.spool->writer(), 2, 3) == SpoolAnswer::Taken);
  bench.spool->writer().close();
  bench.reopen();
  CHECK_FALSE(bench.spool->has_foreign());
  CHECK(bench.drain() == from_to(2, 2));
}
