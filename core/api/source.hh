// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What a source is, and the feed into which it writes rows.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/api/loop.hh"
#include "core/api/remark.hh"
#include "core/base/room.hh"
#include "core/data/bundle.hh"

namespace stook {

struct Listening;

/// A place in one of a source's streams (a file, a connection): everything before `position` has been read.
struct Mark {
  uint64_t stream;
  uint64_t position;
};

/// Why rows were lost before or at a source. Each is one counter.
enum class Loss : uint8_t { Kernel, Overrun, Pool, TooLong, Unreadable, Framing };
inline constexpr size_t losses = 6;
/// The reason's name in the ledger: `kernel`, `overrun`, `pool`, `too_long`, `unreadable`, `framing`.
std::string_view loss_name(Loss loss);

/// What a source writes rows into. Rows go straight into a bundle: ask for one, append, put cells, mark, and say `seal`
/// at the end of the read callback.
/// *Rooms:* the source's front.
class Feed {
 public:
  virtual ~Feed() = default;

  /// The open bundle of a lane, with room for at least one row; or null when the pool is empty: then the source has been
  /// told to `pause` and must stop reading until `resume`. Rows with equal `partition` stay in order.
  Bundle* bundle(uint64_t partition = 0) ROOM(front) {
    size_t lane = open_.size() == 1 ? 0 : partition % open_.size();
    Bundle* open = open_[lane];
    return open != nullptr && open->has_room() && open->arena().used() < arena_budget ? open : next_bundle(lane);
  }
  /// Says that all of a stream before `position` is in the bundles opened so far. Call after appending its rows.
  /// The ledger keeps the newest position per stream and open bundle, and gives it back by `acknowledged`.
  virtual void mark(uint64_t stream, uint64_t position, uint64_t partition = 0) ROOM(front) = 0;
  /// Hands on all open bundles. At the end of each read callback, and whenever a source wants.
  virtual void seal() ROOM(front) = 0;
  /// What is handed on from here on may wait for so long (ns), to share a wake-up of the workers with what follows: for a source
  /// that reads in ticks. 0: it may not.
  virtual void wait_for_more(int64_t /*longest*/) ROOM(front) {}
  /// The source has come to its end: nothing more will be fed.
  virtual void finish() ROOM(front) = 0;
  /// Counts rows that were lost.
  virtual void lose(Loss why, uint64_t rows) ROOM(front) = 0;
  /// Counts bytes read.
  virtual void count_bytes(uint64_t bytes) ROOM(front) = 0;
  /// Counts what is worth knowing, although no row is lost by it.
  virtual void count(Remark, uint64_t /*number*/) ROOM(front) {}
  virtual Loop& loop() ROOM(front) = 0;

  /// The KeyId of the source's j-th declared write; no_key when nobody reads it: then it is not produced.
  KeyId out(size_t j) const { return out_[j]; }
  /// The instance's id, for messages.
  virtual std::string_view id() const = 0;
  /// A bundle is handed on once its arena holds this much.
  static constexpr size_t arena_budget = 60 * 1024;

 protected:
  virtual Bundle* next_bundle(size_t lane) ROOM(front) = 0;
  std::vector<Bundle*> open_;
  std::span<const KeyId> out_;
};

/// Where rows come from. A source frames: it cuts bytes into rows and leaves all decoding to workers.
/// *Rooms:* its front, always; it may not block there.
class Source {
 public:
  virtual ~Source() = default;
  /// Opens what it reads and registers its watchers on feed.loop(). Throws SetupError.
  virtual void start(Feed& feed) ROOM(front) = 0;
  /// The pool is empty: stop reading; kernel queues hold meanwhile. Called from within Feed::bundle.
  virtual void pause() ROOM(front) = 0;
  /// There is room again: go on reading.
  virtual void resume() ROOM(front) = 0;
  /// Stop is asked: true from a source that first reads what is already there, in at most a second, and then says
  /// `finish`; false from one that is simply stopped.
  virtual bool end() ROOM(front) { return false; }
  /// A reload lets the source go, and those that start for it listen at `next`: true from a source that first reads what they
  /// will not take over, in little more than a second, and then says `finish`. `stop` follows, or `stay`.
  virtual bool leave(std::span<const Listening* const> /*next*/) ROOM(front) { return false; }
  /// The source is not let go after all. Throws SetupError.
  virtual void stay() ROOM(front) {}
  /// Stop for good: unregister watchers, read nothing more. Rows fed so far are still delivered and acknowledged.
  virtual void stop() ROOM(front) = 0;
  /// All rows up to these marks are final, in the order in which bundles were sealed.
  virtual void acknowledged(std::span<const Mark>) ROOM(front) {}
  /// SIGHUP and SIGUSR1: open again by path what is held by descriptor.
  virtual void reopen() ROOM(front) {}
  /// Once, after stop, when everything fed has been settled: write down positions.
  virtual void close() ROOM(front) {}
};

}  // namespace stook
