// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/netlink_tray.hh"

#include <errno.h>

#include <algorithm>

namespace stook {

namespace {
constexpr size_t page = 4096;
constexpr size_t stagger = 320;  // so that the begins of datagrams do not share a few lines of the cache
}  // namespace

NetlinkTray::NetlinkTray(size_t size, size_t count)
    : size_((size + page - 1) / page * page),
      stride_(count == 1 ? size_ : size_ + stagger),
      memory_(std::make_unique_for_overwrite<uint64_t[]>(stride_ * count / sizeof(uint64_t))),
      messages_(count),
      vectors_(count),
      senders_(count) {
  char* memory = reinterpret_cast<char*>(memory_.get());
  for (size_t i = 0; i < count; i++) {
    vectors_[i] = {memory + i * stride_, size_};
    messages_[i].msg_hdr.msg_name = &senders_[i];
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

bool NetlinkTray::fill(int fd) {
  clear();
  for (mmsghdr& message : messages_) {
    message.msg_hdr.msg_namelen = sizeof(sockaddr_nl);
  }
  int got = 0;
  do {
    got = ::recvmmsg(fd, messages_.data(), static_cast<unsigned>(messages_.size()), MSG_DONTWAIT, nullptr);
  } while (got < 0 && errno == EINTR);
  got_ = static_cast<size_t>(std::max(got, 0));
  is_short_ = got_ < messages_.size() && (got > 0 || errno == EAGAIN);
  return got > 0;
}

bool NetlinkTray::take(std::string_view& bytes) {
  while (next_ < got_) {
    size_t i = next_++;
    if (senders_[i].nl_pid == 0) {  // other programs may send here, too
      bytes = {static_cast<const char*>(vectors_[i].iov_base), messages_[i].msg_len};
      return true;
    }
  }
  return false;
}

}  // namespace stook
