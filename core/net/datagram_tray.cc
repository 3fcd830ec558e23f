// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "core/net/datagrams.hh"

namespace stook {

// The places are no multiple of a page apart, so that the begins of datagrams do not share a few lines of the cache.
DatagramTray::DatagramTray(size_t size, bool has_names, bool has_control)
    : size_(size), stride_(((size + 4095) / 4096) * 4096 + 320), has_names_(has_names), has_control_(has_control) {
  void* memory =
      mmap(nullptr, most * stride_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::bad_alloc();
  }
  memory_ = static_cast<char*>(memory);
  for (size_t i = 0; i < most; i++) {
    vectors_[i] = {memory_ + i * stride_, size_};
    messages_[i] = {};
    messages_[i].msg_hdr.msg_name = has_names ? &addresses_[i] : nullptr;
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

DatagramTray::~DatagramTray() {
  munmap(memory_, most * stride_);
}

int DatagramTray::receive(int fd, size_t count) {
  count = std::min(count, most);
  for (size_t i = 0; i < count; i++) {
    messages_[i].msg_hdr.msg_namelen = has_names_ ? sizeof addresses_[i] : 0;
    messages_[i].msg_hdr.msg_control = has_control_ ? controls_[i] : nullptr;
    messages_[i].msg_hdr.msg_controllen = has_control_ ? control_size : 0;
  }
  int got;
  do {
    got = recvmmsg(fd, messages_, static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
  } while (got < 0 && errno == EINTR);
  return got;
}

std::string_view DatagramTray::bytes(size_t i) const {
  return {memory_ + i * stride_, std::min<size_t>(messages_[i].msg_len, size_)};
}

Peer DatagramTray::peer(size_t i) const {
  const msghdr& message = messages_[i].msg_hdr;
  Peer peer{SocketAddress(reinterpret_cast<const sockaddr*>(&addresses_[i]), message.msg_namelen), std::nullopt};
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr && has_control_;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message), part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS) {
      peer.process.emplace();
      std::memcpy(&*peer.process, CMSG_DATA(part), sizeof(ucred));
    }
  }
  return peer;
}

}  // namespace stook
