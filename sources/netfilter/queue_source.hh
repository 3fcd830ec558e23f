// SPDX-License-Identifier: Apache-2.0
/// The source of queued packets and its options. Room: its front.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/text.hh"
#include "sources/netfilter/logged_rows.hh"
#include "sources/netfilter/packet_verdict.hh"
#include "sources/netfilter/queued_packet.hh"
#include "sources/netfilter/waiting_source.hh"

namespace stook {

/// In the order of NFQNL_COPY_META and what follows.
enum class QueueCopy : uint8_t { Meta, Packet };
enum class QueueFail : uint8_t { Open, Close };
enum class QueueDrop : uint8_t { Drop, Accept };

struct NfqueueConfig {
  std::string queue;
  std::string netns;
  QueueDrop on_drop = QueueDrop::Drop;
  QueueFail fail = QueueFail::Open;
  bool fail_open = true;
  Duration patience;
  uint64_t length = 0;
  QueueCopy copy_mode = QueueCopy::Packet;
  uint64_t copy_range = 0;
  bool gso = false;
  bool uid_gid = true;
  bool attach_conntrack = false;
  uint64_t buffer = 0;
  uint64_t buffer_most = 0;

  // Completed by declare.
  uint16_t first = 0;
  size_t queues = 1;
};

/// Keys beyond those of LoggedRows.
enum class QueueKey : size_t { Id = LoggedRows::keys, Queue, Size, Line };

/// Packets wait in the kernel while their rows are on their way. A verdict comes from the sink that the row reaches; when a
/// row is final without one, from here.
/// *Invariants:* all packets of a queue up to `line_->done` have a verdict. *Rooms:* its front.
class Nfqueue final : public WaitingSource {
 public:
  explicit Nfqueue(const NfqueueConfig& config);
  ~Nfqueue() override;

  void start(Feed& feed) override ROOM(front);
  void pause() override ROOM(front);
  void resume() override ROOM(front);
  bool end() override ROOM(front);
  void stop() override ROOM(front);
  void acknowledged(std::span<const Mark> marks) override ROOM(front);
  void close() override ROOM(front) { unbind(); }

 protected:
  void open() override ROOM(front);
  void given_up() override ROOM(front) { unbind(); }
  bool take(const NetlinkMessage& message) override ROOM(front);
  void overrun() override ROOM(front) {
    grow_buffer(config_.buffer_most);
    expect_gap();
  }
  void drained() override ROOM(front);
  bool is_row(const NetlinkMessage& message) const override ROOM(front);

 private:
  /// Marks of rows and numbers of requests have a queue below their other part.
  static constexpr int queue_bits = 16;
  enum class Request : uint32_t { Bind = 1, Conntrack, Shut, Leave };
  /// Packets of one queue that came at about the same time, up to this one.
  struct Wait {
    uint16_t queue;
    uint32_t id;
    int64_t since;  // ns
  };

  NetlinkRequest request(Request what, size_t index) const;
  bool ask_queue(size_t index) ROOM(front);
  bool ask_conntrack(size_t index) ROOM(front);
  void shut() ROOM(front);
  void unbind();
  void take_answer(const NetlinkMessage& message) ROOM(front);
  void take_bound(size_t index, int error) ROOM(front);
  void put(Bundle& bundle, const QueuedPacket& queued) ROOM(front);
  void count_gap(const QueuedPacket& queued) ROOM(front);
  void remember(uint16_t queue, uint32_t id) ROOM(front);
  void look_at_waits() ROOM(front);
  void settle(uint16_t queue, uint32_t id, const PacketVerdict& verdict) ROOM(front);
  void count_late() ROOM(front);
  void finish() ROOM(front);
  const PacketVerdict& fail_verdict() const { return config_.fail == QueueFail::Open ? accept_verdict : drop_verdict; }
  uint16_t queue_at(size_t index) const { return static_cast<uint16_t>(config_.first + index); }

  const NfqueueConfig& config_;
  LoggedRows rows_ OWNED(front);
  std::shared_ptr<VerdictLine> line_;  // shared with the sinks that give verdicts, see there
  VerdictPile pile_;
  std::vector<uint32_t> last_;  // of each queue: the number that came last
  std::vector<Wait> waits_ OWNED(front);
  std::shared_ptr<ScriptMeter> late_ OWNED(front);  // made when the first one is counted; the report holds it, too
  LogLimit late_limit_;
  Watcher patience_ OWNED(front);
  Watcher last_second_ OWNED(front);
  int64_t paused_at_ OWNED(front) = 0;
  size_t bound_ OWNED(front) = 0;
  size_t shut_ OWNED(front) = 0;
  bool is_decided_ OWNED(front) = false;  // a sink of its stacks gives verdicts
  bool is_ending_ OWNED(front) = false;
};

}  // namespace stook
