// SPDX-License-Identifier: Apache-2.0
/// Seeded lives of a spool against a model of what it owes: STOOK_SPOOL_SEED=N lives one of them and tells it,
/// STOOK_SPOOL_LIVES=N lives so many.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "core/base/log.hh"
#include "core/spool/folder.hh"
#include "core/spool/little.hh"
#include "core/spool/spool.hh"
#include "rows.hh"

using namespace stook;

namespace {

/// What is wrong, as a sentence.
struct Broken {
  std::string what;
};

void owe(bool is_kept, const std::string& what) {
  if (!is_kept) {
    throw Broken{what};
  }
}

/// One life: payloads have numbers that grow, and the number is in their first row.
class Life {
 public:
  /// Prints what it does.
  bool is_told = false;
  explicit Life(uint64_t seed) : random_(seed), disk_(seed) {
    settings_ = small_spool();
    settings_.segment_size = static_cast<uint32_t>(1024 << random_() % 3);
    settings_.sync = random_() % 4 == 0 ? SpoolSync::Always : random_() % 4 == 0 ? SpoolSync::Never : SpoolSync::Batch;
    settings_.full = random_() % 4 == 0 ? SpoolFull::DropOldest : SpoolFull::Block;
    settings_.size = random_() % 2 == 0 ? 6 * settings_.segment_size : 1 << 20;
    settings_.sync_bytes = 100 + random_() % 2000;
    settings_.min_free = 0;
    settings_.relayed = std::array<uint32_t, 4>{0, 1, 5, 64}[seed % 4];
    has_faults_ = random_() % 3 == 0;
    disk_.has_short_writes = random_() % 4 == 0;
    open();
  }

  void run() {
    const size_t actions = 20 + random_() % 80;
    for (size_t i = 0; i < actions; i++) {
      act();
    }
    settle();
  }

 private:
  template <class... Words>
  void tell(const char* form, Words... words) {
    if (!is_told) {
      return;
    }
    if constexpr (sizeof...(words) == 0) {
      std::fputs(form, stdout);
    } else {
      std::printf(form, words...);
    }
  }
  void act() {
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        for (uint64_t i = random_() % 12; i > 0; i--) {
          append();
        }
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        read(random_() % 12);
        break;
      case 9:
      case 10:
        acknowledge();
        break;
      case 11:
        disk_.now += static_cast<int64_t>(random_() % 1'500'000'000);
        spool_->writer().on_time(disk_.now);
        spool_->reader().on_time(disk_.now);
        note_durable();
        break;
      case 12:
        fault();
        break;
      case 13:
        restart_orderly();
        break;
      case 14:
        crash();
        break;
      default:
        if (random_() % 4 == 0) {
          crash();
          damage();
          open();
        }
        break;
    }
  }

  void open() {
    spool_.reset();
    disk_.fail_sync = disk_.fail_write = -1;
    try {
      spool_ = Spool::open(settings_, nullptr, nullptr, disk_);
    } catch (const std::exception& error) {
      throw Broken{std::string("does not start: ") + error.what()};
    }
    out_.clear();
    last_read_ = 0;
    last_acknowledged_ = 0;
    last_sequence_ = 0;
    first_sequence_ = static_cast<uint64_t>(spool_->read().acknowledged_sequence.read());
    first_rows_ = static_cast<uint64_t>(spool_->read().acknowledged_rows.read());
    records_ = rows_ = 0;
  }

  void append() {
    const uint64_t number = retried_ != 0 ? retried_ : ++last_number_;
    retried_ = 0;
    const SpoolAnswer answer = append_rows(spool_->writer(), number, 1 + number % 3, 10 + number * 7 % 200);
    owe(answer != SpoolAnswer::Refused, "a small payload is refused");
    if (answer == SpoolAnswer::Failed || answer == SpoolAnswer::Full) {
      owe(answer == SpoolAnswer::Full || has_faults_, "an append fails without a fault: " + spool_->writer().reason());
      retried_ = number;
    }
    if (answer == SpoolAnswer::Taken) {
      appended_[spool_->writer().last()] = number;
    }
    tell("append %lu as %lu: answer %d, durable %lu\n", number, spool_->writer().last(), static_cast<int>(answer),
         spool_->writer().durable());
    note_durable();
  }

  // What the spool calls durable is owed from here on.
  void note_durable() {
    for (auto it = appended_.begin(); it != appended_.end() && it->first <= spool_->writer().durable();) {
      owed_.insert(it->second);
      it = appended_.erase(it);
    }
  }

  void read(uint64_t most) {
    Payload payload;
    for (; most > 0; most--) {
      auto sequence = spool_->reader().next(payload);
      if (!sequence) {
        return;
      }
      owe(*sequence > last_sequence_, "sequences do not grow");
      const uint64_t number = std::strtoull(payload.bytes().data() + 4, nullptr, 10);
      owe(number > last_read_, "payload " + std::to_string(number) + " comes behind " + std::to_string(last_read_));
      owe(payload.rows() == 1 + number % 3 && payload.row_ends().size() == payload.rows(), "a payload has other rows");
      owe(number > delivered_before_, "payload " + std::to_string(number) + " is repeated after an orderly stop");
      last_sequence_ = *sequence;
      last_read_ = number;
      records_++;
      rows_ += payload.rows();
      out_.push_back({*sequence, number});
      tell("read %lu as %lu\n", number, *sequence);
    }
  }

  void acknowledge() {
    if (out_.empty()) {
      return;
    }
    const size_t count = 1 + random_() % out_.size();
    spool_->reader().acknowledge(out_[count - 1].first);
    tell("acknowledge %lu\n", out_[count - 1].first);
    for (size_t i = 0; i < count; i++) {
      delivered_.insert(out_[i].second);
      last_acknowledged_ = out_[i].second;
    }
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  void fault() {
    if (!has_faults_) {
      return;
    }
    tell("fault\n");
    disk_.fault = random_() % 2 == 0 ? -EIO : -ENOSPC;
    (random_() % 2 == 0 ? disk_.fail_sync : disk_.fail_write) = static_cast<int>(random_() % 6);
  }

  void count_evicted() { evicted_ += spool_->written().evicted_records.read(); }

  void restart_orderly() {
    count_evicted();
    disk_.fail_sync = disk_.fail_write = -1;
    tell("restart\n");
    owe(spool_->writer().close(), "does not close");
    note_durable();
    disk_.now += 2'000'000'000;
    spool_->reader().close();
    spool_.reset();
    delivered_before_ = std::max(delivered_before_, last_acknowledged_);
    open();
  }

  void crash() {
    count_evicted();
    appended_.clear();
    tell("crash\n");
    if (random_() % 2 == 0) {
      disk_.kill();
    } else {
      disk_.lose_power();
      has_lost_power_ = true;
      if (settings_.sync == SpoolSync::Never) {
        owed_.clear();
      }
    }
    // A payload that failed is offered again by a source that repeats what was not acknowledged: as a new one.
    retried_ = 0;
    delivered_before_ = 0;
    open();
  }

  // Hurts one file of a spool that is closed, and forgives what goes with it.
  void damage() {
    spool_.reset();
    std::vector<std::string> segments;
    for (const std::string& path : disk_.paths()) {
      if (path.size() > 4 && path.substr(path.size() - 4) == ".seg") {
        segments.push_back(path);
      }
    }
    if (random_() % 5 == 0 || segments.empty()) {
      delivered_before_ = 0;
      if (disk_.bytes("/spool/state") != nullptr && random_() % 2 == 0) {
        disk_.remove("/spool/state");
      } else if (disk_.bytes("/spool/state") != nullptr) {
        disk_.flip("/spool/state", random_() % 512, 4);
      }
      return;
    }
    const std::string path = segments[random_() % segments.size()];
    const uint64_t size = disk_.bytes(path)->size();
    tell("damage %s of %lu\n", path.c_str(), size);
    if (random_() % 6 == 0) {
      has_cut_ = true;
      forgive(path, 0, size);
      disk_.remove(path);
    } else if (random_() % 6 == 0) {
      has_cut_ = true;
      const uint64_t at = random_() % (size + 1);
      forgive(path, at, size);
      disk_.cut(path, at);
    } else if (size > 0) {
      const uint64_t at = random_() % size;
      // Without a header and without a state nobody knows where the spool begins.
      has_cut_ = has_cut_ || at < segment_header_size || path == segments.back();
      forgive(path, at, at + 1);
      tell("flip %lu\n", at);
      disk_.flip(path, at, static_cast<char>(1 + random_() % 255));
    }
  }

  // The records that these bytes belong to, found by their lengths.
  void forgive(const std::string& path, uint64_t begin, uint64_t end) {
    const std::string& bytes = *disk_.bytes(path);
    for (uint64_t at = segment_header_size; at + record_header_size <= bytes.size(); at += 8) {
      const uint64_t next = at + record_size(little<uint32_t>(bytes.data() + at + 4));
      if (little<uint16_t>(bytes.data() + at) != 0x4b53 || at >= end || begin >= next) {
        continue;
      }
      const size_t row = bytes.find("row ", at + record_header_size);
      if (row < next) {
        forgiven_.insert(std::strtoull(bytes.data() + row + 4, nullptr, 10));
      }
    }
  }

  // At the end all is read, one more is appended so that a damaged end shows, and the account must be even.
  void settle() {
    disk_.has_short_writes = false;
    disk_.fail_sync = disk_.fail_write = -1;
    drain();
    append();
    owe(retried_ == 0, "an empty spool on a sound disk takes nothing: " + spool_->writer().reason());
    owe(spool_->writer().sync(), "a sound disk does not sync");
    note_durable();
    drain();
    count_evicted();
    std::vector<uint64_t> missing;
    for (uint64_t number : owed_) {
      if (delivered_.count(number) == 0 && forgiven_.count(number) == 0) {
        missing.push_back(number);
      }
    }
    owe(missing.size() <= evicted_, std::to_string(missing.size()) + " payloads are missing, the first is " +
                                        std::to_string(missing.empty() ? 0 : missing[0]));
    const SpoolReaderMeter& meter = spool_->read();
    owe(spool_->waiting().records == 0 || has_cut_ || has_lost_power_, "an empty spool has records waiting");
    if (has_cut_ || has_lost_power_) {
      return;
    }
    const uint64_t ended = static_cast<uint64_t>(spool_->written().last_sequence.read());
    const uint64_t lost = meter.lost_records.read();
    tell("first %lu ended %lu came %lu lost %lu passed %lu forgiven %zu evicted %lu faults %d\n", first_sequence_,
         ended, records_, lost, meter.passed_dropped.read(), forgiven_.size(), evicted_, int{has_faults_});
    owe(records_ + lost + meter.passed_dropped.read() == ended - first_sequence_,
        "of " + std::to_string(ended - first_sequence_) + " records " + std::to_string(records_) + " came and " +
            std::to_string(lost) + " are counted as lost");
    owe(lost <= forgiven_.size() + (has_faults_ ? evicted_ : 0),
        std::to_string(lost) + " are lost, which is more than were damaged");
    const uint64_t rows = static_cast<uint64_t>(spool_->written().rows_ever.read()) - first_rows_;
    owe(rows_ + meter.lost_rows.read() + meter.passed_dropped_rows.read() == rows, "rows are not even");
  }

  void drain() {
    read(1'000'000);
    while (!out_.empty()) {
      acknowledge();
    }
    disk_.now += 3'000'000'000;
    spool_->reader().on_time(disk_.now);
  }

  std::mt19937_64 random_;
  ModelDisk disk_;
  SpoolSettings settings_;
  std::unique_ptr<Spool> spool_;
  bool has_faults_ = false;
  bool has_cut_ = false;
  bool has_lost_power_ = false;
  uint64_t last_number_ = 0;
  uint64_t retried_ = 0;
  uint64_t evicted_ = 0;
  std::map<uint64_t, uint64_t> appended_;  // sequence -> number, not durable yet
  std::set<uint64_t> owed_;
  std::set<uint64_t> forgiven_;
  std::set<uint64_t> delivered_;
  uint64_t delivered_before_ = 0;
  std::vector<std::pair<uint64_t, uint64_t>> out_;
  // Of this opening.
  uint64_t last_acknowledged_ = 0;
  uint64_t last_sequence_ = 0;
  uint64_t last_read_ = 0;
  uint64_t first_sequence_ = 0;
  uint64_t first_rows_ = 0;
  uint64_t records_ = 0;
  uint64_t rows_ = 0;
};

// Sanitizers take thirty times as long.
#ifdef NDEBUG
constexpr uint64_t lives = 10'000;
#else
constexpr uint64_t lives = 1'000;
#endif

}  // namespace

TEST_CASE("a spool owes nothing after any life: crashes, power losses, faults and damage") {
  set_log_level(Level::Fatal);
  const char* only = std::getenv("STOOK_SPOOL_SEED");
  const char* many = std::getenv("STOOK_SPOOL_LIVES");
  const uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const uint64_t count = many != nullptr ? std::strtoull(many, nullptr, 10) : only != nullptr ? 1 : lives;
  for (uint64_t seed = first; seed < first + count; seed++) {
    std::string broken;
    try {
      Life life(seed);
      life.is_told = only != nullptr && count == 1;
      life.run();
    } catch (const Broken& what) {
      broken = what.what;
    }
    INFO("STOOK_SPOOL_SEED=" << seed);
    REQUIRE(broken == "");
  }
  set_log_level(Level::Notice);
}
