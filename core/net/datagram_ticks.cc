// SPDX-License-Identifier: Apache-2.0
/// When a datagram socket is read: at once, or in ticks while much comes.
#include <algorithm>

#include "core/net/datagrams.hh"

namespace stook {

namespace {

constexpr int rounds_a_turn = 4;
constexpr int rounds_a_tick = 16;
constexpr int64_t tick = 2'500'000;     // ns
constexpr int64_t sharing = 6'000'000;  // ns that what was read waits, and a tick at most: one wake-up for all of it
constexpr uint64_t busy_rows = 8;       // so many within a tick, behind its first turn, are much
constexpr int calm_ticks = 8;           // one after the other with less than that: it is over

}  // namespace

void DatagramServer::Socket::on_readable() {
  Loop& loop = server->rows_.feed().loop();
  uint64_t rows = server->turn(*this, rounds_a_turn);
  int64_t now = loop.now();
  bool has_begun = now - span_began < tick;
  span_began = has_begun ? span_began : now;
  span_rows = has_begun ? span_rows + rows : 0;
  if (span_rows >= busy_rows && can_wait && is_empty && !server->is_paused_ && !server->is_ending_) {
    begin_ticks(now);
  }
}

// In step with all other sockets, so that they share the wake-ups of workers and sinks.
void DatagramServer::Socket::begin_ticks(int64_t now) {
  calm = 0;
  readable.stop();
  ticks.on_time<&Socket::on_tick>(server->rows_.feed().loop(), this, tick - now % tick, tick);
  server->tell_ticks();
}

/// Called each tick while much comes. When for some ticks little has, or more than a tick can take, the socket is watched
/// again.
void DatagramServer::Socket::on_tick() {
  uint64_t rows = server->turn(*this, rounds_a_tick);
  calm = rows < busy_rows ? calm + 1 : 0;
  if ((calm == calm_ticks || !is_empty) && !server->is_paused_) {
    ticks.stop();
    server->tell_ticks();
    server->watch(*this);
  }
}

void DatagramServer::tell_ticks() {
  bool has_ticks = std::any_of(sockets_.begin(), sockets_.end(), [](auto& one) { return one->ticks.is_active(); });
  rows_.feed().wait_for_more(has_ticks ? sharing : 0);
}

}  // namespace stook
