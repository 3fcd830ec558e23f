// SPDX-License-Identifier: Apache-2.0
/// The verdicts that the source of queued packets gives itself: of rows that no sink decided, of those that wait for too
/// long, and at the end.
#include <linux/netfilter/nfnetlink_queue.h>

#include <algorithm>

#include "core/api/script_meters.hh"
#include "sources/netfilter/queue_setup.hh"
#include "sources/netfilter/queue_source.hh"

namespace stook {

namespace {
/// Behind every number that a queue has given, whether it was read or not.
constexpr uint32_t all_ids = 1 << 30;
}  // namespace

/// From here on the kernel itself gives the verdict of `fail`: a queue of no length is always full.
void Nfqueue::shut() {
  for (size_t i = 0; i < config_.queues; i++) {
    NetlinkRequest asked = request(Request::Shut, i);
    put_flags(asked, NFQA_CFG_F_FAIL_OPEN, config_.fail == QueueFail::Open ? NFQA_CFG_F_FAIL_OPEN : 0);
    asked.put32(NFQA_CFG_QUEUE_MAXLEN, 0);
    (void)line_->send(asked.bytes());
  }
}

/// What still waits gets the verdict of `fail`, and the queues are given back.
void Nfqueue::unbind() {
  if (!line_) {
    return;
  }
  for (size_t i = 0; i < config_.queues; i++) {
    pile_.clear();
    pile_.put_up_to(queue_at(i), last_[i] + all_ids, fail_verdict());
    (void)line_->send(pile_.bytes());
    NetlinkRequest asked = request(Request::Leave, i);
    put_unbind(asked);
    (void)line_->send(asked.bytes());
  }
  line_.reset();
}

void Nfqueue::remember(uint16_t queue, uint32_t id) {
  int64_t now = feed().loop().now();
  auto newest = std::find_if(waits_.rbegin(), waits_.rend(), [&](const Wait& one) { return one.queue == queue; });
  if (newest != waits_.rend() && now - newest->since < config_.patience.ns / 8) {
    newest->id = id;
    return;
  }
  waits_.push_back({queue, id, now});
}

/// Called four times in the time of patience: packets that have waited for longer wait no more.
void Nfqueue::look_at_waits() {
  int64_t now = feed().loop().now();
  int64_t most = config_.patience.ns;
  std::erase_if(waits_, [&](const Wait& one) ROOM(front) {
    bool is_over = now - one.since >= most + most / 8;
    if (is_over && line_ && is_behind(one.id, line_->done(one.queue))) {
      settle(one.queue, one.id, fail_verdict());
      count_late();
    }
    return is_over;
  });
  if (line_ && paused_at_ != 0 && now - paused_at_ >= most) {  // what is not even read waits as well
    for (size_t i = 0; i < config_.queues; i++) {
      pile_.clear();
      pile_.put_up_to(queue_at(i), last_[i] + all_ids, fail_verdict());
      (void)line_->send(pile_.bytes());
    }
    count_late();
  }
}

void Nfqueue::settle(uint16_t queue, uint32_t id, const PacketVerdict& verdict) {
  if (!is_behind(id, line_->done(queue))) {
    return;
  }
  pile_.clear();
  pile_.put_up_to(queue, id, verdict);
  (void)line_->send(pile_.bytes());
  line_->set_done(queue, id);
}

/// Called when rows are final. Of those that no sink gave a verdict a filter has made an end.
void Nfqueue::acknowledged(std::span<const Mark> marks) {
  for (const Mark& mark : marks) {
    if (line_ && mark.stream >> queue_bits == line_->number()) {
      settle(static_cast<uint16_t>(mark.stream), static_cast<uint32_t>(mark.position),
             config_.on_drop == QueueDrop::Drop ? drop_verdict : accept_verdict);
    }
  }
}

/// COLD: patience is over.
void Nfqueue::count_late() {
  if (!late_) {
    late_ = script_meter(ScriptMeter::Kind::Counter, feed().id(), "verdicts_late",
                         "how often packets had waited for too long");
  }
  late_->count(1);
  if (auto pass = late_limit_.pass()) {
    log_event(Level::Warning, "verdict_late",
              Fields()("instance", feed().id())(
                  "reason", "packets waited for longer than patience; they went on as fail says")("suppressed",
                                                                                                  pass.suppressed));
  }
}

}  // namespace stook
