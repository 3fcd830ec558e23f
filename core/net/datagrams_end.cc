// SPDX-License-Identifier: Apache-2.0
/// How datagram sockets are left: what is in them is read, and nothing more.
#include <algorithm>
#include <utility>

#include "core/net/datagrams.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
}  // namespace

bool DatagramServer::leave(std::span<const Listening* const> next) {
  if (has_ended_) {
    return false;
  }
  for (auto& socket : sockets_) {
    const Listening& here = socket->bound->listening();
    bool stays = std::any_of(next.begin(), next.end(), [&](const Listening* one) { return is_same_place(*one, here); });
    bool is_new = !stays && !std::exchange(socket->is_left, true);
    is_ending_ = is_ending_ || is_new;
  }
  if (!is_ending_) {
    return false;
  }
  end_by_ = rows_.feed().loop().now() + second;
  if (!is_paused_) {
    ending_.on_idle<&DatagramServer::on_ending>(rows_.feed().loop(), this);
  }
  return true;
}

void DatagramServer::stay() {
  is_ending_ = false;
  ending_.stop();
  for (auto& socket : sockets_) {
    if (std::exchange(socket->is_left, false)) {
      has_ended_ = false;
      is_paused_ ? void() : watch(*socket);
    }
  }
}

/// Called in each turn while sockets are left: what the kernel holds is read, for a second at most.
void DatagramServer::on_ending() {
  bool are_empty = true;
  for (auto& socket : sockets_) {
    if (socket->is_left) {
      read_some(*socket);
      are_empty = are_empty && socket->is_empty;
    }
  }
  rows_.feed().seal();
  if (!is_paused_ && (are_empty || rows_.feed().loop().now() > end_by_)) {
    finish();
  }
}

void DatagramServer::finish() {
  count_drops(Loss::Kernel);
  for (auto& socket : sockets_) {
    if (socket->is_left) {
      socket->readable.stop();
      socket->ticks.stop();
    }
  }
  has_ended_ = std::none_of(sockets_.begin(), sockets_.end(), [](auto& socket) { return !socket->is_left; });
  is_ending_ = false;
  tell_ticks();
  ending_.stop();
  end_.part_ended();
}

}  // namespace stook
