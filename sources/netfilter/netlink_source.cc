// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/netlink_source.hh"

#include <errno.h>
#include <linux/netlink.h>

#include <algorithm>
#include <utility>

#include "core/api/script_meters.hh"

namespace stook {

namespace {
constexpr size_t datagrams_a_turn = 16;
constexpr size_t datagrams_a_tick = 4096;
constexpr int64_t tick = 5'000'000;                 // ns
constexpr size_t busy_datagrams = 16;               // so many in a turn, and again within a tick, are much
constexpr uint64_t ample_buffer = 4 * 1024 * 1024;  // for more than half a million small datagrams a second
}  // namespace

void NetlinkSource::watch() {
  if (is_paused_ || has_ended_) {
    return;
  }
  if (has_left()) {
    readable_.on_idle<&NetlinkSource::on_readable>(feed_->loop(), this);
  } else if (socket_.is_open()) {
    readable_.on_readable<&NetlinkSource::on_readable>(feed_->loop(), this, socket_.fd());
  }
}

void NetlinkSource::unwatch() {
  readable_.stop();
  ticks_.stop();
  cutter_ = {};
  has_held_ = false;
  lose_untold();
}

void NetlinkSource::pause() {
  is_paused_ = was_paused_ = true;
  readable_.stop();
  ticks_.stop();
}

void NetlinkSource::resume() {
  is_paused_ = false;
  watch();
}

/// Called when there is something to read, or something was received and not taken.
void NetlinkSource::on_readable() {
  bool had_left = has_left();
  size_t taken = turn(std::max(datagrams_a_turn, 2 * at_once_));
  if (had_left && !has_left()) {
    readable_.stop();
    watch();
    return;
  }
  int64_t before = std::exchange(last_turn_, feed_->loop().now());
  bool has_much = at_once_ > 1 && taken >= busy_datagrams && last_turn_ - before < tick && socket_.is_short();
  if (has_much && !is_paused_ && !has_ended_ && socket_.is_open() && socket_.buffer() >= ample_buffer) {
    readable_.stop();
    ticks_.on_time<&NetlinkSource::on_tick>(feed_->loop(), this, tick, tick);
  }
}

/// Called each tick while much comes. As soon as little does, or more than a tick can take, the socket is watched again.
void NetlinkSource::on_tick() {
  size_t taken = turn(datagrams_a_tick);
  if ((taken < busy_datagrams || !socket_.is_short()) && ticks_.is_active()) {
    ticks_.stop();
    watch();
  }
}

/// Takes what there is, about `most` datagrams, and says how many there were. What was received at once is taken at once.
size_t NetlinkSource::turn(size_t most) {
  size_t taken = 0;
  bool may_be_more = true;
  while (may_be_more && take_datagram()) {
    taken++;
    // after a pause the socket has to be seen empty; else it is enough that there were fewer than was asked for
    may_be_more = socket_.waiting() > 0 || (taken < most && (was_paused_ || !socket_.is_short()));
  }
  feed_->seal();
  return taken;
}

/// False: there is nothing more now, or no room for it.
bool NetlinkSource::take_datagram() {
  if (has_ended_ || is_paused_ || !take_messages() || !socket_.is_open()) {
    return false;
  }
  std::string_view bytes;
  switch (socket_.receive(bytes)) {
    case NetlinkSocket::Step::Some:
      feed_->count_bytes(bytes.size());
      cutter_ = NetlinkCutter(bytes);
      return take_messages();
    case NetlinkSocket::Step::Overrun:
      overrun();
      return true;
    case NetlinkSocket::Step::Empty:
      was_paused_ = false;
      drained();
      return false;
    case NetlinkSocket::Step::Failed:
      break;
  }
  failed(errno);
  return false;
}

/// False: the pool is empty, or the socket is closed.
bool NetlinkSource::take_messages() {
  for (NetlinkMessage message; has_held_ || cutter_.next(message);) {
    message = std::exchange(has_held_, false) ? held_ : message;
    if (!take(message)) {
      held_ = message;
      has_held_ = true;
      return false;
    }
    if (!socket_.is_open()) {
      return false;
    }
  }
  if (cutter_.is_torn()) {
    feed_->lose(Loss::Unreadable, 1);
    cutter_ = {};
  }
  return true;
}

void NetlinkSource::grow_buffer(uint64_t most) {
  if (!overruns_) {
    overruns_ = script_meter(ScriptMeter::Kind::Counter, feed_->id(), "netlink_overruns",
                             "how often the socket's buffer was full");
  }
  overruns_->count(1);
  uint64_t before = socket_.buffer();
  uint64_t wanted = std::min(2 * before, most);
  uint64_t now = wanted > before && !was_paused_ ? socket_.set_buffer(wanted) : before;
  if (auto pass = overrun_limit_.pass()) {
    const char* advice = now > before ? "" : "; netlink_socket_buffer_maxsize sets how far it grows";
    log_event(Level::Warning, "netlink_overrun",
              Fields()("instance", feed_->id())("rcvbuf", now)(
                  "reason", std::string("the socket's buffer was full") + advice)("suppressed", pass.suppressed));
  }
}

/// The reason is that of now: by the time the next number comes the socket has been seen empty.
void NetlinkSource::expect_gap() {
  gap_loss_ = overrun_loss();
  has_gap_ = true;
}

void NetlinkSource::lose_gap(uint64_t rows) {
  feed_->lose(std::exchange(has_gap_, false) ? gap_loss_ : overrun_loss(), rows);
}

/// Nothing came behind an overrun, so that no number says how much it lost: it counts one.
void NetlinkSource::lose_untold() {
  if (std::exchange(has_gap_, false)) {
    feed_->lose(gap_loss_, 1);
  }
}

void NetlinkSource::stop() {
  readable_.stop();
  ticks_.stop();
  if (!std::exchange(has_ended_, true) && feed_ != nullptr) {
    lose_rest();
    lose_untold();
  }
  socket_.close();
}

/// Counts what has come and is in no row: nobody takes it any more.
void NetlinkSource::lose_rest() {
  using Step = NetlinkSocket::Step;
  uint64_t rows = has_held_ && is_row(held_) ? 1 : 0;
  Step step = Step::Empty;
  do {
    for (NetlinkMessage message; cutter_.next(message);) {
      rows += is_row(message) ? 1 : 0;
    }
    std::string_view bytes;
    step = socket_.is_open() ? socket_.receive(bytes) : Step::Empty;
    cutter_ = step == Step::Some ? NetlinkCutter(bytes) : NetlinkCutter();
    if (step == Step::Overrun) {
      overrun();
    }
  } while (step == Step::Some || step == Step::Overrun);
  has_held_ = false;
  if (rows > 0) {
    feed_->lose(Loss::Pool, rows);
  }
}

}  // namespace stook
