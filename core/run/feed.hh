// SPDX-License-Identifier: Apache-2.0
/// Floor 4. What a source writes rows into: pool, open bundles, sealing, back-pressure, ledger.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/api/source.hh"
#include "core/base/meter.hh"
#include "core/data/pool.hh"
#include "core/run/lane.hh"
#include "core/run/ledger.hh"
#include "core/run/refusals.hh"

namespace stook {

class Front;
class RouteRun;

/// What a source has done. One writer: its front.
struct SourceMeter {
  Counter rows;
  Counter bytes;
  Counter bundles;
  Counter pauses;
  Counter lost[losses];
  RemarkMeter remarks;
  Gauge ending;  // a stop was asked, and it still reads what is there
  Gauge finished;
  Gauge pool;          // its bundles,
  Gauge pool_out;      // and how many of them are not at home
  Gauge paused_since;  // as there was no bundle (ns, monotonic); 0: it is not paused
};

/// The feed of one route. *Rooms:* the source's front.
class RouteFeed final : public Feed {
 public:
  RouteFeed(Front& front, RouteRun& route);

  void mark(uint64_t stream, uint64_t position, uint64_t partition) override ROOM(front);
  void seal() override ROOM(front);
  void wait_for_more(int64_t longest) override ROOM(front);
  void finish() override ROOM(front);
  void lose(Loss why, uint64_t rows) override ROOM(front) { meter.lost[static_cast<size_t>(why)].add(rows); }
  void count_bytes(uint64_t bytes) override ROOM(front) { meter.bytes.add(bytes); }
  void count(Remark what, uint64_t number) override ROOM(front) { meter.remarks.count(what, number); }
  Loop& loop() override ROOM(front);
  std::string_view id() const override;

  /// Before start: the rows are those that a sink refused.
  void take_refusals(std::shared_ptr<Refusals> refusals) { refusals_ = std::move(refusals); }
  /// Makes the source and starts it, and the timer of ticks. Throws SetupError; then there is no source.
  void start() ROOM(front);
  /// Whether the source should be stopped now: it has finished; or stop is asked, and it does not go on to read what is
  /// already there until it says `finish`. Refused rows are read until nothing is left that may be refused.
  bool is_ending(bool is_stop_asked) ROOM(front);
  /// Stops the source; what is open is sealed.
  void stop_source() ROOM(front);
  /// Stops the source, and lets it write down its positions; once.
  void close() ROOM(front);
  /// A reload lets the source go: it reads what the sources that start then, which listen at `next`, will not take over.
  void leave(std::span<const Listening* const> next) ROOM(front);
  /// A change of the route: nothing new is fed, until `release`, so that everything sent comes home.
  void hold() ROOM(front);
  /// What is settled from now on is no longer told to the source: it will be read again.
  void forget() ROOM(front) {
    ledger_.source = nullptr;
    has_forgotten_ = true;
  }
  /// Feeds another route from here on. REQUIRES: is_drained.
  void move_to(RouteRun& route) ROOM(front);
  /// The source goes on; after `forget` one with positions is made anew, and reads again what was on its way, though that
  /// still comes home. Throws what its start throws; then there is no source.
  void release() ROOM(front);
  /// Rings the workers for whatever was sent and not announced yet.
  void announce() ROOM(front);
  /// Takes home what has come back; resumes the source when there is room.
  void collect() ROOM(front);
  /// Sends a last tick through every lane that wants ticks; once.
  void send_last_ticks() ROOM(front);
  /// Has the sinks deliver what they hold, as no more comes; once.
  void flush_sinks() ROOM(front);
  /// The sinks have rows of this feed for whose delivery another route waits, so they should hold none back.
  bool wants_flush() const ROOM(front) { return refusals_ && refusals_->wants_flush() && !ledger_.is_settled(); }
  void flush_sinks_now() ROOM(front);
  /// Every bundle is home, be it that some are held.
  bool are_bundles_home() const ROOM(front) { return pool_.is_full() && ticks_.is_full(); }
  /// COLD: logs what of this source is still on its way, if anything is, for a stop that cannot wait any longer.
  void tell_what_is_out() const ROOM(front);
  /// Everything sent is home and settled.
  bool is_at_rest() const ROOM(front);
  const Refusals* refusals() const { return refusals_.get(); }
  /// Main: no more rows come to the sink whose refused ones these are.
  void end_soon() { refusals_->end_soon(); }
  bool is_stopped() const ROOM(front) { return is_stopped_; }
  bool is_closed() const ROOM(front) { return is_closed_; }
  bool is_held() const ROOM(front) { return is_held_; }
  const LedgerMeter& ledger_meter() const { return ledger_.meter; }
  uint64_t rows_out() const ROOM(front) { return ledger_.rows_out(); }
  Source* source() ROOM(front) { return source_.get(); }
  void on_tick() ROOM(front) { send_ticks(false); }

  SourceMeter meter;
  // Written by the front when the source has done what `leave` asks of it, read by main.
  std::atomic<bool> has_left{false};
  // Written by the front when all is home after `hold`, read by main.
  std::atomic<bool> is_drained{false};

 private:
  Bundle* next_bundle(size_t lane) override ROOM(front);
  Bundle* take_bundle() ROOM(front);
  size_t awaited() const ROOM(front);
  void put_back_open() ROOM(front);
  void send(size_t lane) ROOM(front);
  void announce_in_time(int64_t now) ROOM(front);
  void send_ticks(bool is_last) ROOM(front);
  void collect_bundles() ROOM(front);
  void start_ticks() ROOM(front);
  void fill_pools() ROOM(front);
  // Each open bundle will want a receipt when it is sealed, so one more is only opened when there is one for all. Of the
  // others two for each lane stay free: one for a tick, as filters that hold rows for so many bundles that none is left
  // let go of them then; one for the last tick, which has to go out however many ticks wait for their sinks.
  bool can_open_one() const ROOM(front) { return can_open(1 + 2 * ticks_.size()); }
  bool can_tick(bool is_last) const ROOM(front) { return can_open(is_last ? 1 : 1 + ticks_.size()); }
  bool can_open(size_t more) const ROOM(front) {
    return ledger_.can_open(more + static_cast<size_t>(open_.size() - std::count(open_.begin(), open_.end(), nullptr)));
  }

  bool end_source() ROOM(front);
  void read_again() ROOM(front);

  Front& front_;
  RouteRun* route_;
  std::shared_ptr<Refusals>
      refusals_;  // with the carrier of the sink that refuses, see there; null: an ordinary source
  RefusalSource* refusal_source_ = nullptr;
  std::unique_ptr<Source> source_;
  Pool<Bundle> pool_;
  Pool<Bundle> ticks_;
  Ledger ledger_;
  std::vector<std::vector<Mark>> marks_;  // by lane
  Watcher tick_timer_;
  int64_t unannounced_since_ = 0;  // ns
  size_t unannounced_ = 0;         // bundles
  int64_t longest_wait_ = 0;       // ns, of those; 0: until the front has nothing else to do
  bool is_paused_ = false;
  bool is_leaving_ = false;
  bool is_ending_ = false;
  bool is_finished_ = false;
  bool is_stopped_ = false;
  bool is_closed_ = false;
  bool is_held_ = false;
  bool has_forgotten_ = false;
  bool has_sent_last_ticks_ = false;
  bool has_flushed_ = false;
};

}  // namespace stook
