// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/tracked_source.hh"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/status.hh"

namespace stook {

namespace {

constexpr size_t largest_message = 64 * 1024;
constexpr uint32_t list_sequence = 7;  // events have the number 0
constexpr uint16_t told_message = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
constexpr uint16_t ended_message = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;

FlowEvent event_of(const NetlinkMessage& message) {
  if (message.type == ended_message) {
    return FlowEvent::Destroy;
  }
  return (message.flags & (NLM_F_CREATE | NLM_F_EXCL)) != 0 ? FlowEvent::New : FlowEvent::Update;
}

/// When an event was, or now.
int64_t time_of(const TrackedFlow& flow) {
  return flow.told != 0 ? flow.told : wall_ns();
}

}  // namespace

Nfct::Nfct(const NfctConfig& config)
    : NetlinkSource(largest_message), config_(config), known_(config.hash_max_entries) {}

void Nfct::start(Feed& feed) {
  attach(feed);
  socket_.open(config_.netns);
  // A question for nothing is refused in any case, and to those who may not ask as EPERM.
  NetlinkRequest probe(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_ACK, AF_INET, 0, 1);
  if (int error = socket_.ask(probe, 1); error == EPERM) {
    throw_no_capability("cannot listen to connection tracking", error);
  }
  if (config_.buffer != 0 && socket_.set_buffer(config_.buffer) < config_.buffer) {
    log_event(Level::Warning, "rcvbuf_small",
              Fields()("instance", feed.id())("asked", config_.buffer)("got", socket_.buffer())(
                  "reason", "net.core.rmem_max is smaller, and more takes CAP_NET_ADMIN"));
  }
  if (config_.pollinterval.ns == 0) {
    join();
  }
  watch();
  if (has_memory()) {
    ask_list();
  }
  if (config_.pollinterval.ns > 0) {
    list_timer_.on_time<&Nfct::ask_list>(feed.loop(), this, config_.pollinterval.ns, config_.pollinterval.ns);
  }
  log_event(Level::Notice, "listening",
            Fields()("instance", feed.id())("netns", config_.netns)("rcvbuf", socket_.buffer())(
                "by", config_.pollinterval.ns > 0 ? "lists" : "events"));
}

void Nfct::join() {
  struct Group {
    FlowEvent event;
    int number;
  };
  constexpr Group groups[] = {{FlowEvent::New, NFNLGRP_CONNTRACK_NEW},
                              {FlowEvent::Update, NFNLGRP_CONNTRACK_UPDATE},
                              {FlowEvent::Destroy, NFNLGRP_CONNTRACK_DESTROY}};
  for (const Group& group : groups) {
    bool is_wanted = (config_.event_mask & static_cast<uint64_t>(group.event)) != 0;
    if (is_wanted && !socket_.join(group.number)) {
      throw SetupError(std::string("cannot listen to events of connection tracking: ") + std::strerror(errno), errno);
    }
  }
  if (config_.reliable && !socket_.be_reliable()) {
    throw SetupError(std::string("the kernel knows no reliable events: ") + std::strerror(errno), errno);
  }
}

/// Called each interval, and some time after messages were lost.
void Nfct::ask_list() {
  if (is_listing_) {
    return;
  }
  known_.begin_round();
  NetlinkRequest request(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC, 0, list_sequence);
  is_listing_ = socket_.send(request);
  if (!is_listing_) {
    failed(errno);
  }
}

bool Nfct::is_row(const NetlinkMessage& message) const {
  bool is_event = message.sequence != list_sequence && (message.type == told_message || message.type == ended_message);
  return is_event && (!has_memory() || message.type == ended_message);
}

bool Nfct::take(const NetlinkMessage& message) {
  if (message.type == NLMSG_DONE && message.sequence == list_sequence) {
    return end_list();
  }
  if (message.type == NLMSG_ERROR && message.sequence == list_sequence) {
    is_listing_ = false;
    failed(message.error);
    return true;
  }
  if (message.type != told_message && message.type != ended_message) {
    return true;
  }
  TrackedFlow flow;
  if (!read_tracked_flow(message.body, flow)) {
    feed().lose(Loss::Unreadable, 1);
    return true;
  }
  if (!config_.choice.takes(flow)) {
    return true;
  }
  FlowEvent event = event_of(message);
  if (has_memory() && (message.sequence == list_sequence || event != FlowEvent::Destroy)) {
    hear(message, flow);
    return true;
  }
  return take_event(message, flow, event);
}

void Nfct::hear(const NetlinkMessage& message, const TrackedFlow& flow) {
  int64_t start = flow.start != 0 ? flow.start : message.sequence == list_sequence ? 0 : time_of(flow);
  if (known_.hear(flow.id, message.body, start)) {
    return;
  }
  if (auto pass = full_limit_.pass()) {
    log_event(Level::Warning, "nfct_full",
              Fields()("instance", feed().id())("flows", uint64_t{known_.size()})(
                  "reason", "hash_max_entries; the begin of others is not kept")("suppressed", pass.suppressed));
  }
}

/// Makes a row of an event. False: the pool is empty, and nothing has been done.
bool Nfct::take_event(const NetlinkMessage& message, const TrackedFlow& flow, FlowEvent event) {
  Bundle* bundle = feed().bundle();
  if (bundle == nullptr) {
    return false;
  }
  FlowNews news;
  news.event = event;
  news.start = flow.start;
  if (KnownFlow known; has_memory() && known_.take(flow.id, known) && news.start == 0) {
    news.start = known.start;
  }
  if (event == FlowEvent::New && news.start == 0) {
    news.start = time_of(flow);
  }
  if (event == FlowEvent::Destroy) {
    news.end = flow.stop != 0 ? flow.stop : time_of(flow);
  }
  put_tracked_row(feed(), *bundle, flow, news, message.body);
  return true;
}

/// Makes a row of each connection that is no longer in the kernel's table. False: the pool is empty.
bool Nfct::end_list() {
  if (std::exchange(is_listing_, false)) {
    known_.end_round();
  }
  for (Bundle* bundle = feed().bundle(); bundle != nullptr; bundle = feed().bundle()) {
    KnownFlow gone;
    TrackedFlow flow;
    if (!known_.take_gone(gone)) {
      is_resync_ = false;
      return true;
    }
    FlowNews news;
    news.event = FlowEvent::Destroy;
    if (!read_tracked_flow(gone.body, flow)) {
      continue;
    }
    news.start = flow.start != 0 ? flow.start : gone.start;
    news.end = wall_ns();
    news.is_resync = is_resync_;
    put_tracked_row(feed(), *bundle, flow, news, gone.body);
  }
  return false;
}

void Nfct::overrun() {
  grow_buffer(config_.buffer_most);
  feed().lose(was_paused() ? Loss::Pool : Loss::Kernel, 1);  // one for each time, as nobody knows how many
  if (config_.hash_enable && config_.pollinterval.ns == 0 && !list_timer_.is_active()) {
    is_resync_ = true;
    list_timer_.on_time<&Nfct::ask_list>(feed().loop(), this, config_.resync_timeout.ns);
  }
}

void Nfct::failed(int error) {
  static LogLimit limit;
  if (auto pass = limit.pass()) {
    log_event(Level::Warning, "nfct_unanswered",
              Fields()("instance", feed().id())("reason", std::strerror(error))("suppressed", pass.suppressed));
  }
}

void Nfct::stop() {
  list_timer_.stop();
  NetlinkSource::stop();
}

}  // namespace stook
