// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Refusals: the way of the rows that a sink will never take, from the thread that delivers to it back to a front,
/// where they are the rows of a source.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/sink.hh"
#include "core/api/source.hh"
#include "core/base/doorbell.hh"
#include "core/base/link.hh"
#include "core/base/room.hh"
#include "core/data/pool.hh"

namespace stook {

class Front;

/// Rows that were refused together. COLD: it copies them, for what was refused beside them goes on.
struct Refusal {
  struct Row {
    size_t end;      // in bytes
    size_t address;  // in addresses
    size_t rows;     // how many it stands for
  };
  void fill(Shipment shipment, std::string_view why, uint64_t attempts_);

  std::string bytes;
  std::vector<Row> rows;
  std::vector<std::string> addresses;
  size_t all_rows = 0;
  std::string reason;
  uint64_t attempts = 0;
  int64_t time = 0;  // ns since 1970 UTC
  uint64_t number = 0;
};

/// The refusals of one sink. A payload is not final before all that was refused of it has come home.
/// *Invariants:* refusals come home in the order in which they were sent, each after its rows are final in their stack.
/// Shared by the sink's carrier and the feed of that stack, for either may end before the other.
/// *Rooms:* the thread that delivers is the home; the front of the source receives and gives back.
class Refusals {
 public:
  /// `sink`: its id. The front outlives both users.
  Refusals(std::string sink, Front& front);

  // The home. `bell`: of the thread that delivers; while nothing that was sent is out.
  void ring_by(Doorbell& bell) ROOM(carrier) { bell_.store(&bell); }
  /// Whether a shipment may be offered: were it refused, there would be room.
  bool has_room() const ROOM(carrier);
  /// REQUIRES: has_room().
  void send(Shipment shipment, std::string_view reason, uint64_t attempts) ROOM(carrier);
  /// Takes home what is final; how many rows that are.
  size_t collect() ROOM(carrier);
  /// Numbers of the last one sent, and of the last one that came home: from 1 on.
  uint64_t sent() const ROOM(carrier) { return sent_; }
  uint64_t settled() const ROOM(carrier) { return settled_; }
  /// Nobody waits any more for those that are out; how many rows that are. What is not fed yet may be lost.
  size_t abandon() ROOM(carrier);
  /// Whether what the stack holds back should be delivered, as nothing more comes before it is.
  void want_flush(bool is_wanted) ROOM(carrier);
  /// Has the front look whether all is done.
  void wake();

  // The front.
  [[nodiscard]] Refusal* receive() ROOM(front) { return link_.receive(); }
  void give_back(Refusal* refusal) ROOM(front) {
    link_.give_back(refusal);
    bell_.load()->ring();
  }
  /// The source has started; before, and after it has stopped, nothing is offered to a sink that might refuse it.
  void open() ROOM(front) {
    is_open_.store(true);
    bell_.load()->ring();
  }
  void close() ROOM(front) { is_open_.store(false, std::memory_order_release); }
  bool is_abandoned() const ROOM(front) { return is_abandoned_.load(std::memory_order_acquire); }
  bool wants_flush() const {
    return flush_wanted_.load(std::memory_order_acquire) || is_last_.load(std::memory_order_acquire);
  }
  /// Main: whatever may bring rows to the sink has ended, but for its spool.
  void end_soon();
  bool is_last() const { return is_last_.load(std::memory_order_acquire); }
  /// Nothing is left in the sink's spool that will be delivered soon.
  bool is_dry() const { return !dry || dry(); }

  const std::string sink;
  /// Before start; null: the sink has no spool. Is called by the front.
  std::function<bool()> dry;

 private:
  Front& front_;
  Pool<Refusal> pool_;
  Link<Refusal> link_;
  uint64_t sent_ = 0;
  uint64_t settled_ = 0;
  size_t bytes_out_ = 0;
  size_t rows_out_ = 0;
  size_t abandoned_rows_ = 0;  // of those that are out
  // Written by the front, read by the home: a late look offers one shipment more, whose refusal nobody settles.
  std::atomic<bool> is_open_{false};
  // Written by the home when another thread begins to deliver, read by the front. In one order with is_open_: the new thread
  // sees that it is open, or is rung.
  std::atomic<Doorbell*> bell_{nullptr};
  // Written by the home, read by the front after a wake-up.
  std::atomic<bool> is_abandoned_{false};
  std::atomic<bool> flush_wanted_{false};
  // Written by main, read by the front after a wake-up.
  std::atomic<bool> is_last_{false};
};

/// The source at the head of a stack for refused rows. *Rooms:* its front.
class RefusalSource final : public Source {
 public:
  explicit RefusalSource(std::shared_ptr<Refusals> refusals) : refusals_(std::move(refusals)) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    refusals_->open();
  }
  void pause() override ROOM(front) { is_paused_ = true; }
  void resume() override ROOM(front) {
    is_paused_ = false;
    read();
  }
  void stop() override ROOM(front);
  void acknowledged(std::span<const Mark> marks) override ROOM(front);
  /// Feeds what has come. The front was woken.
  void read() ROOM(front);

 private:
  bool feed_one() ROOM(front);
  void put(Bundle& bundle, size_t at) ROOM(front);
  void lose_rest() ROOM(front);

  const std::shared_ptr<Refusals> refusals_;
  Feed* feed_ = nullptr;
  bool is_paused_ = false;
  Refusal* current_ = nullptr;  // is being fed,
  size_t next_ = 0;             // from this row on
  std::vector<Refusal*> fed_;   // not final, in order
};

}  // namespace stook
