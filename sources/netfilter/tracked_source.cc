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
#include "sources/netfilter/event_filter.hh"

namespace stook {

namespace {

constexpr size_t largest_message = 32 * 1024;  // the kernel's lists have no larger ones, and events are small
constexpr size_t events_at_once = 128;
constexpr uint32_t list_sequence = 7;  // events have the number 0
constexpr uint16_t told_message = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
constexpr uint16_t ended_message = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;

FlowEvent event_of(const NetlinkMessage& message) {
  if (message.type == ended_message) {
    return FlowEvent::Destroy;
  }
  return (message.flags & (NLM_F_CREATE | NLM_F_EXCL)) != 0 ? FlowEvent::New : FlowEvent::Update;
}

/// IANA's reasons of flowEndReason: the connection goes on, or has ended.
constexpr uint8_t reason_active = 2;
constexpr uint8_t reason_end = 3;

/// When an event was, or now.
int64_t time_of(const TrackedFlow& flow) {
  return flow.told != 0 ? flow.told : wall_ns();
}

}  // namespace

Nfct::Nfct(const NfctConfig& config)
    : NetlinkSource(largest_message, events_at_once), config_(config), known_(config.hash_max_entries) {}

void Nfct::start(Feed& feed) {
  attach(feed);
  rows_.attach(feed);
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
  if (config_.active_timeout.ns > 0) {
    active_timer_.on_time<&Nfct::ask_list>(feed.loop(), this, config_.active_timeout.ns, config_.active_timeout.ns);
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
  std::vector<sock_filter> filter = event_filter(config_.choice);
  if (!filter.empty()) {
    (void)socket_.set_filter(filter);  // without it each event is looked at all the same
  }
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
  is_resync_ = std::exchange(has_lost_, false);
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
  if (message.sequence == list_sequence && config_.active_timeout.ns > 0) {
    return take_listed(message, flow);
  }
  if (has_memory() && (message.sequence == list_sequence || event != FlowEvent::Destroy)) {
    hear(message, flow);
    return true;
  }
  return take_event(message, flow, event);
}

/// Makes a row of what a connection has carried since its last one. False: the pool is empty, and nothing has been done.
bool Nfct::take_listed(const NetlinkMessage& message, const TrackedFlow& flow) {
  Bundle* bundle = feed().bundle();
  if (bundle == nullptr) {
    return false;
  }
  bool is_counted = has_listed_ || known_.find(flow.id) != nullptr;  // else it carried that before the start
  hear(message, flow);
  KnownFlow* known = known_.find(flow.id);
  if (known == nullptr) {
    return true;  // its end tells it all
  }
  FlowNews news;
  news.event = FlowEvent::Update;
  news.start = flow.start != 0 ? flow.start : known->start;
  news.end = wall_ns();
  news.since = counts_since(flow.counts(), known->counts);
  news.reason = reason_active;
  known->counts = flow.counts();
  if (is_counted && !news.since.is_zero()) {
    rows_.put(*bundle, flow, news, message.body);
  }
  return true;
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
  const KnownFlow* known = has_memory() ? known_.take(flow.id) : nullptr;
  news.start = flow.start == 0 && known != nullptr ? known->start : flow.start;
  if (config_.active_timeout.ns > 0) {
    news.since = counts_since(flow.counts(), known == nullptr ? CarriedCounts() : known->counts);
    news.reason = reason_end;
  }
  if (event == FlowEvent::New && news.start == 0) {
    news.start = time_of(flow);
  }
  if (event == FlowEvent::Destroy) {
    news.end = flow.stop != 0 ? flow.stop : time_of(flow);
  }
  rows_.put(*bundle, flow, news, message.body);
  return true;
}

/// Makes a row of each connection that is no longer in the kernel's table. False: the pool is empty.
bool Nfct::end_list() {
  if (std::exchange(is_listing_, false)) {
    known_.end_round();
    has_listed_ = true;
  }
  for (Bundle* bundle = feed().bundle(); bundle != nullptr; bundle = feed().bundle()) {
    const KnownFlow* gone = known_.take_gone();
    TrackedFlow flow;
    if (gone == nullptr) {
      look_for_lost();  // during the list
      return true;
    }
    FlowNews news;
    news.event = FlowEvent::Destroy;
    if (!read_tracked_flow(gone->body(), flow)) {
      continue;
    }
    news.start = flow.start != 0 ? flow.start : gone->start;
    news.end = wall_ns();
    news.is_resync = is_resync_;
    if (config_.active_timeout.ns > 0) {
      news.since = counts_since(flow.counts(), gone->counts);
      news.reason = reason_end;
    }
    rows_.put(*bundle, flow, news, gone->body());
  }
  return false;
}

void Nfct::overrun() {
  grow_buffer(config_.buffer_most);
  feed().lose(overrun_loss(), 1);  // one for each time, as nobody knows how many
  has_lost_ = true;
  if (!has_ended()) {
    look_for_lost();
  }
}

/// After events were lost a list tells which connections have gone meanwhile.
void Nfct::look_for_lost() {
  if (has_lost_ && config_.hash_enable && config_.pollinterval.ns == 0 && !list_timer_.is_active()) {
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
  active_timer_.stop();
  NetlinkSource::stop();
}

}  // namespace stook
