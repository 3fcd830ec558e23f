// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/polling_source.hh"

#include <errno.h>
#include <linux/netlink.h>

#include <cstring>

#include "core/base/status.hh"

namespace stook {

namespace {
constexpr size_t largest_answer = 64 * 1024;
constexpr uint64_t ample_buffer = 32 << 20;
constexpr uint32_t probe_sequence = 1;  // probes are made with it
}  // namespace

PollingSource::PollingSource(const Rules& rules) : NetlinkSource(largest_answer), rules_(rules) {}

void PollingSource::start(Feed& feed) {
  attach(feed);
  socket_.open(rules_.netns);
  if (int error = socket_.ask(probe(), probe_sequence); error == EPERM) {
    throw_no_capability(std::string("cannot ask for ") + rules_.subject, error);
  }
  watch();
  timer_.on_time<&PollingSource::begin_round>(feed.loop(), this, rules_.interval, rules_.interval);
}

void PollingSource::stop() {
  timer_.stop();
  NetlinkSource::stop();
}

/// Called each interval.
void PollingSource::begin_round() {
  if (!is_asking_) {
    next_list_ = 0;
    ask_next();
  }
}

void PollingSource::ask_next() {
  is_asking_ = next_list_ < rules_.lists && socket_.send(question(next_list_));
  if (!is_asking_ && next_list_ < rules_.lists) {
    failed(errno);
  }
  next_list_++;
}

bool PollingSource::take(const NetlinkMessage& message) {
  if (message.type == NLMSG_ERROR && message.error != 0) {
    failed(message.error);
  }
  if (message.type == NLMSG_DONE || (message.type == NLMSG_ERROR && message.error != 0)) {
    ask_next();
  }
  if (!is_row(message)) {
    return true;
  }
  Bundle* bundle = feed().bundle();
  if (bundle == nullptr) {
    return false;
  }
  if (!put(*bundle, message.body)) {
    feed().lose(Loss::Unreadable, 1);
  }
  return true;
}

/// The kernel goes on with a list when it is read, so that nothing is lost.
void PollingSource::overrun() {
  grow_buffer(ample_buffer);
}

void PollingSource::failed(int error) {
  if (auto pass = limit_.pass()) {
    std::string more = error == EPERM    ? "; CAP_NET_ADMIN is missing"
                       : error == EINVAL ? std::string("; the kernel lacks ") + rules_.lacking
                                         : "";
    log_event(Level::Warning, "netlink_unanswered",
              Fields()("instance", feed().id())("reason", std::strerror(error) + more)("suppressed", pass.suppressed));
  }
}

}  // namespace stook
