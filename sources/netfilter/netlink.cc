// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/netlink.hh"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/capability.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "core/base/status.hh"
#include "core/data/endian.hh"

namespace stook {

namespace {

int open_here() {
  return ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
}

/// A socket belongs to the namespace of the thread that opens it; so a thread goes there, opens it and ends.
int open_there(const std::string& netns) {
  std::string path = namespace_path(netns);
  Fd there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!there) {
    throw SetupError("cannot open the network namespace " + path + ": " + std::strerror(errno), errno);
  }
  int fd = -1;
  int entered = 0;
  int error = 0;
  std::thread visitor([&] {
    entered = ::setns(there.get(), CLONE_NEWNET);
    fd = entered == 0 ? open_here() : -1;
    error = errno;
  });
  visitor.join();
  if (entered != 0) {
    const char* more = error == EPERM ? "; it takes CAP_SYS_ADMIN" : "";
    throw SetupError("cannot enter the network namespace " + path + ": " + std::strerror(error) + more, error);
  }
  errno = error;
  return fd;
}

}  // namespace

bool NetlinkCutter::next(NetlinkMessage& message) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(rest_.data());
  // not mnl_nlmsg_ok, to which a length beyond 2 GiB is negative and so a small one
  bool is_whole =
      rest_.size() >= sizeof *header && header->nlmsg_len >= sizeof *header && header->nlmsg_len <= rest_.size();
  if (!is_whole) {
    is_torn_ = is_torn_ || !rest_.empty();
    rest_ = {};
    return false;
  }
  message.type = header->nlmsg_type;
  message.flags = header->nlmsg_flags;
  message.sequence = header->nlmsg_seq;
  message.body = rest_.substr(0, header->nlmsg_len).substr(NLMSG_HDRLEN);
  message.error = 0;
  if (message.type == NLMSG_ERROR) {
    int32_t error = -EPROTO;
    std::memcpy(&error, message.body.data(), std::min(sizeof error, message.body.size()));
    message.error = error > INT32_MIN ? -error : EPROTO;
  }
  rest_.remove_prefix(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), rest_.size()));
  return true;
}

NetlinkRequest::NetlinkRequest(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource, uint32_t sequence) {
  nlmsghdr* header = mnl_nlmsg_put_header(bytes_);
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  header->nlmsg_seq = sequence;
  auto* part = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  part->nfgen_family = family;
  part->version = NFNETLINK_V0;
  put_big(reinterpret_cast<char*>(&part->res_id), resource);
}

void NetlinkRequest::put(uint16_t attribute, std::string_view bytes) {
  auto* header = reinterpret_cast<nlmsghdr*>(bytes_);
  mnl_attr_put_check(header, sizeof bytes_, attribute, bytes.size(), bytes.data());
}

void NetlinkRequest::put16(uint16_t attribute, uint16_t value) {
  char bytes[sizeof value];
  put(attribute, {bytes, static_cast<size_t>(put_big(bytes, value) - bytes)});
}

void NetlinkRequest::put32(uint16_t attribute, uint32_t value) {
  char bytes[sizeof value];
  put(attribute, {bytes, static_cast<size_t>(put_big(bytes, value) - bytes)});
}

std::string_view NetlinkRequest::bytes() const {
  return {bytes_, reinterpret_cast<const nlmsghdr*>(bytes_)->nlmsg_len};
}

std::string namespace_path(const std::string& name) {
  return name.find('/') == std::string::npos ? "/run/netns/" + name : name;
}

void add_netlink_needs(const std::string& netns, Needs& needs) {
  needs.add_capability(CAP_NET_ADMIN);
  if (!netns.empty()) {
    needs.add_capability(CAP_SYS_ADMIN);
    needs.enters_namespaces = true;
    needs.reads.push_back(namespace_path(netns));
  }
}

NamespaceId namespace_id(const std::string& name) {
  struct stat status {};
  return ::stat(namespace_path(name).c_str(), &status) == 0 ? NamespaceId{status.st_dev, status.st_ino} : NamespaceId{};
}

void throw_no_capability(const std::string& what, int error) {
  throw SetupError(
      what +
          ": CAP_NET_ADMIN is missing; run stookd as root, or give it by AmbientCapabilities=CAP_NET_ADMIN in "
          "its unit, or by setcap cap_net_admin+ep on the program",
      error);
}

void NetlinkSocket::open(const std::string& netns) {
  close();
  fd_.reset(netns.empty() ? open_here() : open_there(netns));
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (!fd_ || ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
    int error = errno;
    fd_.reset();
    throw SetupError(std::string("cannot open a netlink socket of netfilter: ") + std::strerror(error), error);
  }
}

NetlinkSocket::Step NetlinkSocket::receive(std::string_view& bytes) {
  while (!tray_.take(bytes)) {
    if (!tray_.fill(fd_.get())) {
      return errno == EAGAIN ? Step::Empty : errno == ENOBUFS ? Step::Overrun : Step::Failed;
    }
  }
  return Step::Some;
}

bool NetlinkSocket::send(std::string_view messages) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return ::sendto(fd_.get(), messages.data(), messages.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
                  sizeof kernel) >= 0;
}

int NetlinkSocket::ask(const NetlinkRequest& request, uint32_t sequence) {
  if (!send(request)) {
    return errno;
  }
  std::string_view bytes;
  while (receive(bytes) == Step::Some) {
    NetlinkCutter cutter(bytes);
    for (NetlinkMessage message; cutter.next(message);) {
      if (message.type == NLMSG_ERROR && message.sequence == sequence) {
        return message.error;
      }
    }
  }
  return EPROTO;
}

bool NetlinkSocket::join(int group) {
  return ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0;
}

bool NetlinkSocket::be_reliable() {
  int yes = 1;
  return ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_BROADCAST_ERROR, &yes, sizeof yes) == 0 &&
         ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes, sizeof yes) == 0;
}

bool NetlinkSocket::set_filter(const std::vector<sock_filter>& program) {
  sock_fprog filter{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return ::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

uint64_t NetlinkSocket::buffer() const {
  int size = 0;
  socklen_t length = sizeof size;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, &length);
  return static_cast<uint64_t>(size) / 2;  // the kernel shows the double, for its own bookkeeping
}

uint64_t NetlinkSocket::set_buffer(uint64_t bytes) {
  int asked = static_cast<int>(std::min<uint64_t>(bytes, 1 << 30));
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &asked, sizeof asked) != 0) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked);
  }
  return buffer();
}

}  // namespace stook
