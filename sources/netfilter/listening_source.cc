// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/listening_source.hh"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>

#include "core/base/status.hh"

namespace stook {

namespace {
constexpr size_t largest_message = 256 * 1024;
constexpr uint64_t ample_buffer = 32 << 20;
}  // namespace

ListeningSource::ListeningSource(const ListeningConfig& config, int group, const char* subject)
    : WaitingSource(largest_message, config.netns), config_(config), group_(group), subject_(subject) {}

void ListeningSource::start(Feed& feed) {
  attach(feed);
  begin();
}

void ListeningSource::open() {
  NetlinkRequest probe(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_ACK, AF_UNSPEC, 0, 1);
  if (int error = socket_.ask(probe, 1); error == EPERM) {
    throw_no_capability(std::string("cannot listen to ") + subject_, error);
  } else if (error != 0) {
    throw SetupError("this kernel has no nftables, CONFIG_NF_TABLES: " + std::string(std::strerror(error)), error);
  }
  ask_buffer(config_.buffer);
  next_row_ = 0;
  if (!socket_.join(group_)) {
    throw SetupError(std::string("cannot listen to ") + subject_ + ": " + std::strerror(errno), errno);
  }
  log_event(Level::Notice, "listening",
            Fields()("instance", feed().id())("netns", config_.netns)("rcvbuf", socket_.buffer()));
}

bool ListeningSource::take(const NetlinkMessage& message) {
  if (!is_row(message)) {
    return true;
  }
  for (;;) {
    Bundle* bundle = feed().bundle();
    if (bundle == nullptr) {
      return false;
    }
    Made made = put(*bundle, message, next_row_);
    if (made == Made::One) {
      next_row_++;
      continue;
    }
    next_row_ = 0;
    if (made == Made::Unreadable) {
      feed().lose(Loss::Unreadable, 1);
    }
    return true;
  }
}

/// What is told has no numbers: nobody knows how much was lost.
void ListeningSource::overrun() {
  grow_buffer(config_.buffer_most == 0 ? ample_buffer : config_.buffer_most);
  feed().lose(overrun_loss(), 1);
}

}  // namespace stook
