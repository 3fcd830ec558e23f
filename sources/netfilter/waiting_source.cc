// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/waiting_source.hh"

#include <cstring>

#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
constexpr int64_t namespace_period = 2'000'000'000;
}

void WaitingSource::begin() {
  if (netns_.empty() || namespace_id(netns_) != NamespaceId{}) {
    open_here();
  } else {
    close_and_wait(true, namespace_path(netns_) + " is not there");
  }
  if (!netns_.empty()) {
    namespace_watch_.on_time<&WaitingSource::look_at_namespace>(feed().loop(), this, namespace_period,
                                                                namespace_period);
  }
}

void WaitingSource::open_here() {
  restarts_.begin(feed().loop().now());
  namespace_ = netns_.empty() ? NamespaceId{} : namespace_id(netns_);
  socket_.open(netns_);
  open();
  watch();
}

/// Called when the pause after a failure is over.
void WaitingSource::open_again() {
  try {
    open_here();
  } catch (const SetupError& error) {
    close_and_wait(false, error.what());
  }
}

void WaitingSource::close_and_wait(bool is_namespace, const std::string& reason) {
  given_up();
  unwatch();
  socket_.close();
  int64_t pause = restarts_.pause(feed().loop().now());
  if (auto pass = wait_limit_.pass()) {
    const char* event = is_namespace ? "netns_absent" : "netlink_waits";
    log_event(Level::Warning, event,
              Fields()("instance", feed().id())("reason", reason)("again_in", show_duration(pause))("suppressed",
                                                                                                    pass.suppressed));
  }
  if (!has_ended()) {
    again_.on_time<&WaitingSource::open_again>(feed().loop(), this, pause);
  }
}

void WaitingSource::failed(int error) {
  close_and_wait(false, std::strerror(error));
}

/// Called each two seconds: a namespace of the same name may be another one by now.
void WaitingSource::look_at_namespace() {
  if (socket_.is_open() && namespace_id(netns_) != namespace_) {
    close_and_wait(true, namespace_path(netns_) + " has gone, or is another one");
  }
}

void WaitingSource::ask_buffer(uint64_t bytes) {
  if (bytes != 0 && socket_.set_buffer(bytes) < bytes) {
    log_event(Level::Warning, "rcvbuf_small",
              Fields()("instance", feed().id())("asked", bytes)("got", socket_.buffer())(
                  "reason", "net.core.rmem_max is smaller, and more takes CAP_NET_ADMIN"));
  }
}

void WaitingSource::wait_no_more() {
  again_.stop();
  namespace_watch_.stop();
}

void WaitingSource::stop() {
  wait_no_more();
  NetlinkSource::stop();
}

}  // namespace stook
