// SPDX-License-Identifier: Apache-2.0
/// Verdicts on queued packets: what they are, how they are written down for the kernel, and the socket by which they go
/// there from any room.
///
/// A packet belongs to the socket that has bound its queue, and only by that socket its verdict can come. So the source
/// that has the socket opens a line to it, rows carry the line's number, and the sink that gives the verdicts finds the
/// line by it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/fd.hh"

namespace stook {

/// How the kernel goes on with a packet: NF_ACCEPT and the like, and its mark where that is to change.
struct PacketVerdict {
  uint32_t action = 1;
  uint32_t mark = 0;
  bool has_mark = false;
  friend bool operator==(const PacketVerdict&, const PacketVerdict&) = default;
};
inline constexpr PacketVerdict accept_verdict{};
inline constexpr PacketVerdict drop_verdict{0};

/// The action of `accept`, `drop`, `repeat` or `queue:7`; none for any other text.
std::optional<uint32_t> action_named(std::string_view text);

/// The number `number` of the same queue is behind `other`; right when numbers have wrapped, too.
inline bool is_behind(uint32_t number, uint32_t other) {
  return static_cast<int32_t>(number - other) > 0;
}

/// What the kernel answers to a verdict that it cannot use has this number.
inline constexpr uint32_t verdict_sequence = 1;

/// Messages with verdicts, to be sent at once.
class VerdictPile {
 public:
  [[nodiscard]] bool has_room() const { return bytes_.size() - size_ >= largest; }
  bool is_empty() const { return size_ == 0; }
  std::string_view bytes() const { return {bytes_.data(), size_}; }
  void clear() { size_ = 0; }
  /// The verdict of one packet. REQUIRES: has_room().
  void put(uint16_t queue, uint32_t id, const PacketVerdict& verdict);
  /// The verdict of all packets that the queue has, up to this one. REQUIRES: has_room().
  void put_up_to(uint16_t queue, uint32_t id, const PacketVerdict& verdict);

 private:
  void put(uint16_t type, uint16_t queue, uint32_t id, const PacketVerdict& verdict);

  static constexpr size_t largest = 64;
  std::vector<char> bytes_ = std::vector<char>(16 * 1024);  // allocated once, so at a multiple of sixteen
  size_t size_ = 0;
};

/// A way to the socket that has the queues from `first` on. *Rooms:* any. While somebody holds it the socket stays open.
class VerdictLine {
 public:
  VerdictLine(uint32_t number, Fd socket, uint16_t first, size_t queues);

  /// Rows carry it.
  uint32_t number() const { return number_; }
  bool has(uint16_t queue) const { return queue >= first_ && size_t{queue} - first_ < done_.size(); }
  /// False: `errno` says why. What the kernel finds wrong with a verdict comes to the socket.
  [[nodiscard]] bool send(std::string_view messages) const;

  /// The queue's packets up to this one have a verdict. REQUIRES: has(queue).
  uint32_t done(uint16_t queue) const { return done_[queue - first_].load(std::memory_order_acquire); }
  /// Says so, once they have it.
  void set_done(uint16_t queue, uint32_t id);

 private:
  const uint32_t number_;
  const Fd socket_;
  const uint16_t first_;
  // Written by the source's front and by carriers, each after it has sent what it says, and never back; read by both. The
  // release orders it behind the sending.
  std::vector<std::atomic<uint32_t>> done_;
};

/// A line to a socket, which is held by a descriptor of its own. Throws SetupError. Shared by the source that opens it and, while
/// it sends, by a sink that has found it: the last one closes the socket.
std::shared_ptr<VerdictLine> open_verdict_line(int socket, uint16_t first, size_t queues);
/// The line with this number; null when its source has closed it. Any room; takes a lock.
std::shared_ptr<VerdictLine> find_verdict_line(uint32_t number);

}  // namespace stook
