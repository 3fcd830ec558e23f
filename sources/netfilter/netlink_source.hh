// SPDX-License-Identifier: Apache-2.0
/// What sources that read netlink have in common: a socket, its messages one by one, and a message that waits while there is no
/// bundle. Room: the source's front.
///
/// Where the kernel sends a datagram for each message, many are received at once; and while much comes and the socket's buffer is
/// large, it is read each five milliseconds instead of at once: to wake the front for each of them costs the kernel more than to
/// make them (test/bench/netfilter.py).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/api/source.hh"
#include "core/base/log.hh"
#include "sources/netfilter/netlink.hh"

namespace stook {

class ScriptMeter;

/// *Invariants:* while `cutter_` has messages nothing is received; what `take` did not take is offered again. Of `readable_` and
/// `ticks_` one is active at most.
/// *Rooms:* its front.
class NetlinkSource : public Source {
 public:
  void pause() override ROOM(front);
  void resume() override ROOM(front);
  void stop() override ROOM(front);

 protected:
  /// `most`: bytes of the largest datagram. `at_once`: how many are received by one call; more than one where messages come one
  /// by one.
  explicit NetlinkSource(size_t most, size_t at_once = 1) : socket_(most, at_once), at_once_(at_once) {}

  /// One message. False: it needs a bundle and there is none; it is offered again.
  [[nodiscard]] virtual bool take(const NetlinkMessage& message) ROOM(front) = 0;
  /// The buffer was full, and messages were lost.
  virtual void overrun() ROOM(front) = 0;
  /// There is nothing more to read now.
  virtual void drained() ROOM(front) {}
  /// The socket cannot be read any more.
  virtual void failed(int error) ROOM(front) = 0;
  /// Whether a message would be a row, for those who count what is lost at the end.
  virtual bool is_row(const NetlinkMessage& message) const ROOM(front) = 0;

  void attach(Feed& feed) ROOM(front) { feed_ = &feed; }
  Feed& feed() const ROOM(front) { return *feed_; }
  /// The socket is open, or another one.
  void watch() ROOM(front);
  /// Nothing is read any more, and what was read and not taken is forgotten.
  void unwatch() ROOM(front);
  /// COLD: grows the socket's buffer to its double, `most` at most, counts the overrun and tells it.
  void grow_buffer(uint64_t most) ROOM(front);
  /// Since the socket was last seen empty the source was paused, so that what is lost is lost by that.
  bool was_paused() const ROOM(front) { return was_paused_; }
  /// The reason of what the socket's buffer did not hold: the pause, where there was one.
  Loss overrun_loss() const ROOM(front) { return was_paused_ ? Loss::Pool : Loss::Overrun; }
  /// COLD: of sources whose rows have numbers. The next gap in them is what the overrun lost.
  void expect_gap() ROOM(front);
  /// COLD: counts the rows whose numbers are missing.
  void lose_gap(uint64_t rows) ROOM(front);
  bool has_ended() const ROOM(front) { return has_ended_; }

  NetlinkSocket socket_ OWNED(front);

 private:
  void on_readable() ROOM(front);
  void on_tick() ROOM(front);
  size_t turn(size_t most) ROOM(front);
  bool take_datagram() ROOM(front);
  bool take_messages() ROOM(front);
  void lose_rest() ROOM(front);
  void lose_untold() ROOM(front);
  /// Something has been received that is in no row yet.
  bool has_left() const ROOM(front) { return has_held_ || socket_.waiting() > 0; }

  const size_t at_once_;
  Feed* feed_ OWNED(front) = nullptr;
  NetlinkCutter cutter_ OWNED(front);
  NetlinkMessage held_ OWNED(front);  // for which there was no bundle
  Watcher readable_ OWNED(front);
  Watcher ticks_ OWNED(front);          // in place of `readable_` while much comes
  int64_t last_turn_ OWNED(front) = 0;  // ns
  LogLimit overrun_limit_;
  std::shared_ptr<ScriptMeter> overruns_ OWNED(front);  // made when the first one is counted; the report holds it, too
  Loss gap_loss_ OWNED(front) = Loss::Overrun;          // while has_gap_
  bool has_gap_ OWNED(front) = false;                   // an overrun was told, and no number yet behind it
  bool has_held_ OWNED(front) = false;
  bool is_paused_ OWNED(front) = false;
  bool was_paused_ OWNED(front) = false;
  bool has_ended_ OWNED(front) = false;
};

}  // namespace stook
