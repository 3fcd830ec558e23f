// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/log_source.hh"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr uint64_t largest_message = 160 * 1024;  // the kernel gathers up to 128 KiB, and a packet has up to 64
constexpr uint16_t packet_message = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
constexpr int64_t second = 1'000'000'000;
constexpr int64_t namespace_period = 2 * second;

LogGroupRules rules_of(const NflogConfig& config) {
  LogGroupRules rules;
  rules.group = static_cast<uint16_t>(config.group);
  rules.copy_mode = static_cast<uint8_t>(config.copy_mode);
  rules.copy_range = static_cast<uint32_t>(config.copy_range);
  rules.threshold = config.netlink_qthreshold != 0 ? static_cast<uint32_t>(config.netlink_qthreshold) : rules.threshold;
  rules.timeout = config.netlink_qtimeout != 0 ? static_cast<uint32_t>(config.netlink_qtimeout) : rules.timeout;
  rules.has_global_sequence = config.seq_global;
  rules.is_system_logger = config.bind || config.group == 0;
  rules.is_former_unbound = config.unbind;
  return rules;
}

}  // namespace

Nflog::Nflog(const NflogConfig& config)
    : NetlinkSource(std::max(config.bufsize, largest_message)), config_(config), group_(rules_of(config)) {}

void Nflog::start(Feed& feed) {
  attach(feed);
  LoggedRowRules rules;
  rules.has_sequence = config_.seq_local;
  rules.has_global_sequence = config_.seq_global;
  rules.label = static_cast<uint8_t>(config_.numeric_label);
  rows_.attach(feed, rules);
  if (config_.block_size != 8192 || config_.block_nr != 32 || config_.frame_size != 8192 || config_.oneshot) {
    log_event(
        Level::Notice, "option_without_effect",
        Fields()("instance", feed.id())("options", "block_size, block_nr, frame_size, oneshot")("reason", no_rings));
  }
  bool has_namespace = config_.netns.empty() || namespace_id(config_.netns) != NamespaceId{};
  if (has_namespace) {
    open();
  } else {
    close_and_wait(true, namespace_path(config_.netns) + " is not there");
  }
  if (!config_.netns.empty()) {
    namespace_watch_.on_time<&Nflog::look_at_namespace>(feed.loop(), this, namespace_period, namespace_period);
  }
}

void Nflog::open() {
  restarts_.begin(feed().loop().now());
  namespace_ = config_.netns.empty() ? NamespaceId{} : namespace_id(config_.netns);
  socket_.open(config_.netns);
  group_.prepare(socket_);
  if (config_.buffer != 0 && socket_.set_buffer(config_.buffer) < config_.buffer) {
    log_event(Level::Warning, "rcvbuf_small",
              Fields()("instance", feed().id())("asked", config_.buffer)("got", socket_.buffer())(
                  "reason", "net.core.rmem_max is smaller, and more takes CAP_NET_ADMIN"));
  }
  bool is_asked = group_.bind(socket_) && (!config_.attach_conntrack || group_.ask_conntrack(socket_));
  if (!is_asked) {
    throw SetupError(std::string("cannot ask netfilter for a group: ") + std::strerror(errno), errno);
  }
  next_ = 0;
  watch();
}

/// Called when the pause after a failure is over.
void Nflog::open_again() {
  try {
    open();
  } catch (const SetupError& error) {
    close_and_wait(false, error.what());
  }
}

void Nflog::close_and_wait(bool is_namespace, const std::string& reason) {
  unwatch();
  socket_.close();
  is_bound_ = false;
  int64_t pause = restarts_.pause(feed().loop().now());
  if (auto pass = wait_limit_.pass()) {
    const char* event = is_namespace ? "netns_absent" : "nflog_waits";
    log_event(Level::Warning, event,
              Fields()("instance", feed().id())("group", config_.group)("reason", reason)(
                  "again_in", show_duration(pause))("suppressed", pass.suppressed));
  }
  if (is_ending_) {
    finish();
  } else if (!has_ended()) {
    again_.on_time<&Nflog::open_again>(feed().loop(), this, pause);
  }
}

/// Called each two seconds: a namespace of the same name may be another one by now.
void Nflog::look_at_namespace() {
  if (socket_.is_open() && !is_ending_ && namespace_id(config_.netns) != namespace_) {
    close_and_wait(true, namespace_path(config_.netns) + " has gone, or is another one");
  }
}

bool Nflog::end() {
  if (has_ended() || is_ending_) {
    return !has_ended();
  }
  again_.stop();
  namespace_watch_.stop();
  if (!is_bound_ || !group_.unbind(socket_)) {  // the kernel sends what it has gathered before it answers
    return false;
  }
  is_ending_ = true;
  last_second_.on_time<&Nflog::finish>(feed().loop(), this, second);
  return true;
}

void Nflog::finish() {
  if (!has_ended()) {
    stop();
    feed().finish();
  }
}

void Nflog::stop() {
  again_.stop();
  namespace_watch_.stop();
  last_second_.stop();
  NetlinkSource::stop();
}

void Nflog::drained() {
  if (is_unbound_) {
    finish();
  }
}

void Nflog::failed(int error) {
  close_and_wait(false, std::strerror(error));
}

bool Nflog::is_row(const NetlinkMessage& message) const {
  return message.type == packet_message;
}

bool Nflog::take(const NetlinkMessage& message) {
  if (message.type == NLMSG_ERROR) {
    take_answer(message);
  }
  if (!is_row(message)) {
    return true;
  }
  Bundle* bundle = feed().bundle();
  if (bundle == nullptr) {
    return false;
  }
  if (read_logged_packet(message.body, packet_)) {
    count_gap(packet_);
    rows_.put(*bundle, packet_);
  } else {
    feed().lose(Loss::Unreadable, 1);
  }
  return true;
}

void Nflog::take_answer(const NetlinkMessage& message) {
  switch (group_.answered(message.sequence)) {
    case LogGroup::Request::Bind:
      take_bound(message.error);
      return;
    case LogGroup::Request::Conntrack:
      if (message.error != 0) {
        const char* more = message.error == EOPNOTSUPP ? ": the kernel lacks CONFIG_NETFILTER_NETLINK_GLUE_CT" : "";
        log_event(Level::Warning, "conntrack_not_attached",
                  Fields()("instance", feed().id())("reason", std::strerror(message.error) + std::string(more)));
      }
      return;
    case LogGroup::Request::Unbind:
      is_unbound_ = true;
      return;
    case LogGroup::Request::None:
      return;
  }
}

void Nflog::take_bound(int error) {
  is_bound_ = error == 0;
  if (is_bound_) {
    log_event(
        Level::Notice, "listening",
        Fields()("instance", feed().id())("group", config_.group)("netns", config_.netns)("rcvbuf", socket_.buffer()));
  } else if (error == EPERM || error == EBUSY) {
    std::string holder = config_.netns.empty() ? holder_of_group(static_cast<uint16_t>(config_.group)) : "";
    close_and_wait(false, "another program has the group" + (holder.empty() ? "" : ": " + holder));
  } else {
    close_and_wait(false, std::strerror(error));
  }
}

void Nflog::count_gap(const LoggedPacket& packet) {
  if (!packet.has(NFULA_SEQ)) {
    return;
  }
  uint32_t gap = packet.sequence - next_;  // right when the numbers have wrapped, too
  if (gap != 0) {
    lose_gap(gap);
  }
  next_ = packet.sequence + 1;
}

}  // namespace stook
