// SPDX-License-Identifier: Apache-2.0
/// The floor of netfilter.py: takes what a group logs, counts it and throws it away. What it costs is the kernel's part.
///
///     netfilter_limit GROUP BUFFER GATHERED THRESHOLD
///
/// BUFFER: bytes of the socket's; GATHERED: bytes that the kernel gathers in a datagram, and THRESHOLD: packets; 0 leaves
/// the kernel's own. Prints `listening`, and at SIGTERM how many packets and datagrams there were.
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace {

constexpr size_t room = 256 * 1024;
volatile sig_atomic_t is_over = 0;

/// A request to the group, attribute by attribute; the kernel's answer has to be yes.
class Request {
 public:
  explicit Request(uint16_t group) {
    head().nlmsg_len = NLMSG_LENGTH(sizeof(nfgenmsg));
    head().nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
    head().nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    static_cast<nfgenmsg*>(NLMSG_DATA(bytes_))->res_id = htons(group);
  }
  void put(uint16_t type, const void* value, size_t size) {
    nlattr attribute{static_cast<uint16_t>(sizeof attribute + size), type};
    std::memcpy(bytes_ + head().nlmsg_len, &attribute, sizeof attribute);
    std::memcpy(bytes_ + head().nlmsg_len + sizeof attribute, value, size);
    head().nlmsg_len += NLMSG_ALIGN(attribute.nla_len);
  }
  void put_number(uint16_t type, uint32_t value) {
    value = htonl(value);
    put(type, &value, sizeof value);
  }
  bool ask(int fd) {
    char answer[4096];
    bool is_sent = send(fd, bytes_, head().nlmsg_len, 0) >= 0 && recv(fd, answer, sizeof answer, 0) >= 20;
    int32_t error = 0;
    std::memcpy(&error, answer + sizeof(nlmsghdr), sizeof error);
    errno = is_sent ? -error : errno;
    return is_sent && error == 0;
  }

 private:
  nlmsghdr& head() { return *reinterpret_cast<nlmsghdr*>(bytes_); }
  alignas(8) char bytes_[256] = {};
};

bool bind_group(int fd, uint16_t group, uint32_t gathered, uint32_t threshold) {
  Request bind(group);
  uint8_t command = NFULNL_CFG_CMD_BIND;
  nfulnl_msg_config_mode mode{htonl(65531), NFULNL_COPY_PACKET, 0};
  bind.put(NFULA_CFG_CMD, &command, sizeof command);
  bind.put(NFULA_CFG_MODE, &mode, sizeof mode);
  if (gathered != 0) {
    bind.put_number(NFULA_CFG_NLBUFSIZ, gathered);
  }
  if (threshold != 0) {
    bind.put_number(NFULA_CFG_QTHRESH, threshold);
  }
  return bind.ask(fd);
}

uint64_t packets_of(const char* bytes, size_t size) {
  uint64_t packets = 0;
  nlmsghdr head;
  for (size_t at = 0; size - at >= sizeof head; at += NLMSG_ALIGN(head.nlmsg_len)) {
    std::memcpy(&head, bytes + at, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > size - at) {
      break;
    }
    packets += head.nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ? 1 : 0;
  }
  return packets;
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) {
    std::fputs("netfilter_limit GROUP BUFFER GATHERED THRESHOLD\n", stderr);
    return 2;
  }
  auto number = [&](int i) { return static_cast<uint32_t>(std::strtoul(words[i], nullptr, 10)); };
  struct sigaction over {};
  over.sa_handler = [](int) { is_over = 1; };
  sigaction(SIGTERM, &over, nullptr);
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  int buffer = std::atoi(words[2]);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (!bind_group(fd, static_cast<uint16_t>(number(1)), number(3), number(4))) {
    std::perror("netfilter_limit: bind");
    return 1;
  }
  std::puts("listening");
  std::fflush(stdout);
  auto memory = std::make_unique<char[]>(room);
  uint64_t packets = 0;
  uint64_t datagrams = 0;
  while (is_over == 0) {
    ssize_t got = recv(fd, memory.get(), room, 0);
    packets += got > 0 ? packets_of(memory.get(), static_cast<size_t>(got)) : 0;
    datagrams += got > 0 ? 1 : 0;
  }
  std::printf("%llu packets in %llu datagrams\n", static_cast<unsigned long long>(packets),
              static_cast<unsigned long long>(datagrams));
  return 0;
}
