// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/queue_source.hh"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "core/base/status.hh"
#include "sources/netfilter/queue_setup.hh"

namespace stook {

namespace {

constexpr size_t largest_message = 72 * 1024;  // one packet of up to 64 KiB, and what is said of it
constexpr uint16_t packet_message = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
constexpr int64_t second = 1'000'000'000;

}  // namespace

Nfqueue::Nfqueue(const NfqueueConfig& config)
    : WaitingSource(largest_message, config.netns), config_(config), last_(config.queues) {}

Nfqueue::~Nfqueue() {
  unbind();
}

void Nfqueue::start(Feed& feed) {
  attach(feed);
  rows_.attach(feed, {});
  is_decided_ = feed.out(static_cast<size_t>(QueueKey::Line)) != no_key;
  if (!is_decided_) {
    log_event(Level::Warning, "nfqueue_undecided",
              Fields()("instance", feed.id())("reason",
                                              "no stack of it ends with the sink verdict; packets go on as fail says"));
  }
  begin();
  if (config_.patience.ns > 0) {
    int64_t period = std::max<int64_t>(config_.patience.ns / 4, 1);
    patience_.on_time<&Nfqueue::look_at_waits>(feed.loop(), this, period, period);
  }
}

void Nfqueue::open() {
  prepare_queues(socket_);
  ask_buffer(config_.buffer);
  std::fill(last_.begin(), last_.end(), 0);
  waits_.clear();
  bound_ = 0;
  line_ = open_verdict_line(socket_.fd(), config_.first, config_.queues);
  for (size_t i = 0; i < config_.queues; i++) {
    if (!ask_queue(i) || (config_.attach_conntrack && !ask_conntrack(i))) {
      throw SetupError(std::string("cannot ask netfilter for a queue: ") + std::strerror(errno), errno);
    }
  }
}

NetlinkRequest Nfqueue::request(Request what, size_t index) const {
  return queue_request(queue_at(index), static_cast<uint32_t>(what) << queue_bits | static_cast<uint32_t>(index));
}

bool Nfqueue::ask_queue(size_t index) {
  QueueRules rules;
  rules.copy_mode = static_cast<uint8_t>(NFQNL_COPY_META + static_cast<int>(config_.copy_mode));
  rules.copy_range = static_cast<uint32_t>(config_.copy_range);
  rules.length = static_cast<uint32_t>(config_.length);
  rules.is_fail_open = config_.fail == QueueFail::Open && config_.fail_open;
  rules.has_large = config_.gso;
  rules.has_owner = config_.uid_gid;
  NetlinkRequest asked = request(Request::Bind, index);
  put_bind(asked, rules);
  return socket_.send(asked);
}

bool Nfqueue::ask_conntrack(size_t index) {
  NetlinkRequest asked = request(Request::Conntrack, index);
  put_flags(asked, NFQA_CFG_F_CONNTRACK, NFQA_CFG_F_CONNTRACK);
  return socket_.send(asked);
}

void Nfqueue::pause() {
  paused_at_ = feed().loop().now();
  WaitingSource::pause();
}

void Nfqueue::resume() {
  paused_at_ = 0;
  WaitingSource::resume();
}

bool Nfqueue::end() {
  if (has_ended() || is_ending_) {
    return !has_ended();
  }
  wait_no_more();
  if (bound_ < config_.queues) {
    return false;
  }
  is_ending_ = true;
  shut();  // the answer comes behind all packets
  last_second_.on_time<&Nfqueue::finish>(feed().loop(), this, second);
  return true;
}

void Nfqueue::drained() {
  if (is_ending_ && shut_ >= config_.queues) {
    finish();
  }
}

void Nfqueue::finish() {
  if (!has_ended()) {
    stop();
    feed().finish();
  }
}

/// Rows that are on their way still get their verdicts, by the line.
void Nfqueue::stop() {
  if (!is_ending_ && line_) {
    shut();
  }
  last_second_.stop();
  WaitingSource::stop();
}

bool Nfqueue::is_row(const NetlinkMessage& message) const {
  return message.type == packet_message;
}

bool Nfqueue::take(const NetlinkMessage& message) {
  if (message.type == NLMSG_ERROR) {
    take_answer(message);
  }
  if (!is_row(message)) {
    return true;
  }
  QueuedPacket queued;
  if (!read_queued_packet(message.body, queued) || !line_->has(queued.packet.group)) {
    feed().lose(Loss::Unreadable, 1);
    return true;  // without a number there is no verdict but that of the end
  }
  Bundle* bundle = feed().bundle();
  if (bundle == nullptr) {
    return false;
  }
  count_gap(queued);
  put(*bundle, queued);
  uint16_t queue = queued.packet.group;
  feed().mark(uint64_t{line_->number()} << queue_bits | queue, queued.id);
  if (!is_decided_) {
    settle(queue, queued.id, fail_verdict());
  } else if (config_.patience.ns > 0) {
    remember(queue, queued.id);
  }
  return true;
}

void Nfqueue::put(Bundle& bundle, const QueuedPacket& queued) {
  auto row = static_cast<Row>(bundle.rows());
  rows_.put(bundle, queued.packet);
  auto number = [&](QueueKey key, uint64_t value) ROOM(front) {
    if (KeyId id = feed().out(static_cast<size_t>(key)); id != no_key) {
      bundle.put(id, row, Cell::of_unsigned(value));
    }
  };
  number(QueueKey::Id, queued.id);
  number(QueueKey::Queue, queued.packet.group);
  number(QueueKey::Size, queued.size);
  number(QueueKey::Line, line_->number());
}

/// Numbers that are missing did not fit into the socket's buffer.
void Nfqueue::count_gap(const QueuedPacket& queued) {
  uint32_t& last = last_[queued.packet.group - config_.first];
  uint32_t gap = queued.id - last - 1;
  if (gap != 0) {
    lose_gap(gap);
  }
  last = queued.id;
}

void Nfqueue::take_answer(const NetlinkMessage& message) {
  size_t index = message.sequence & ((1 << queue_bits) - 1);
  switch (static_cast<Request>(message.sequence >> queue_bits)) {
    case Request::Bind:
      take_bound(index, message.error);
      return;
    case Request::Conntrack:
      if (message.error != 0 && index == 0) {
        const char* more = message.error == EOPNOTSUPP ? ": the kernel lacks CONFIG_NETFILTER_NETLINK_GLUE_CT" : "";
        log_event(Level::Warning, "conntrack_not_attached",
                  Fields()("instance", feed().id())("reason", std::strerror(message.error) + std::string(more)));
      }
      return;
    case Request::Shut:
      shut_++;
      return;
    case Request::Leave:
      return;
  }
}

void Nfqueue::take_bound(size_t index, int error) {
  if (error == EPERM || error == EBUSY) {
    std::string holder = config_.netns.empty() ? holder_of_queue(queue_at(index)) : "";
    close_and_wait(
        false, "another program has queue " + std::to_string(queue_at(index)) + (holder.empty() ? "" : ": " + holder));
  } else if (error != 0) {
    close_and_wait(false, "queue " + std::to_string(queue_at(index)) + ": " + std::strerror(error));
  } else if (++bound_ == config_.queues) {
    log_event(
        Level::Notice, "listening",
        Fields()("instance", feed().id())("queue", config_.queue)("netns", config_.netns)("rcvbuf", socket_.buffer()));
  }
}

}  // namespace stook
