// SPDX-License-Identifier: Apache-2.0
/// What netfilter.py has the kernel log, from this machine to itself, at a rate.
///
///     netfilter_send packets PACKETS RATE SIZE    datagrams of SIZE bytes, headers included, to port 5000
///     netfilter_send flows FLOWS RATE             datagrams to port 5001, each of which begins a connection; the kernel is
///                                                 told to forget all connections after each tenth of a second's
///
/// RATE is a second's; 0: no pauses. Datagrams go by 64 with one sendmmsg(2), from 16 addresses in turn.
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr unsigned batch = 64;
constexpr uint64_t sources = 16;
constexpr size_t headers = 28;

[[noreturn]] void fail(const char* what) {
  std::perror((std::string("netfilter_send: ") + what).c_str());
  std::exit(1);
}

/// Waits where more has been sent than the rate allows.
class Pace {
 public:
  explicit Pace(double rate) : rate_(rate), begin_(now()) {}
  void keep(uint64_t sent) const {
    double ahead = rate_ > 0 ? static_cast<double>(sent) / rate_ - (now() - begin_) : 0;
    if (ahead > 0.0005) {
      timespec pause{static_cast<time_t>(ahead),
                     static_cast<long>((ahead - static_cast<double>(static_cast<time_t>(ahead))) * 1e9)};
      nanosleep(&pause, nullptr);
    }
  }

 private:
  static double now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }

  double rate_;
  double begin_;
};

sockaddr_in place(uint32_t address, uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  made.sin_addr.s_addr = htonl(address);
  return made;
}

int bound(uint32_t address) {
  sockaddr_in own = place(address, 4000);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
    fail("bind");
  }
  return fd;
}

unsigned send_all(int fd, mmsghdr* messages, unsigned count) {
  int put = sendmmsg(fd, messages, count, 0);
  if (put <= 0) {
    fail("sendmmsg");
  }
  return static_cast<unsigned>(put);
}

int send_packets(uint64_t packets, double rate, size_t size) {
  int fds[sources];
  sockaddr_in to = place(INADDR_LOOPBACK, 5000);
  for (uint32_t i = 0; i < sources; i++) {
    fds[i] = bound(INADDR_LOOPBACK + 7919 * (i + 1));
    if (connect(fds[i], reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      fail("connect");
    }
  }
  std::string payload(size > headers ? size - headers : 0, 'x');
  iovec vector{payload.data(), payload.size()};
  mmsghdr messages[batch] = {};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &vector;
    message.msg_hdr.msg_iovlen = 1;
  }
  Pace pace(rate);
  uint64_t turn = 0;
  for (uint64_t sent = 0; sent < packets; pace.keep(sent)) {
    uint64_t left = packets - sent;
    sent += send_all(fds[turn++ % sources], messages, static_cast<unsigned>(left < batch ? left : batch));
  }
  return 0;
}

/// Has the kernel forget all connections, each of which is an event.
void forget_all(int netlink) {
  struct {
    nlmsghdr head;
    nfgenmsg body;
    char answer[4096];
  } request{};
  request.head.nlmsg_len = NLMSG_LENGTH(sizeof request.body);
  request.head.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  if (send(netlink, &request, request.head.nlmsg_len, 0) < 0 ||
      recv(netlink, request.answer, sizeof request.answer, 0) < 0) {
    fail("forget all connections");
  }
}

int send_flows(uint64_t flows, double rate) {
  int fd = bound(INADDR_LOOPBACK);
  int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  char byte = 'x';
  iovec vector{&byte, 1};
  sockaddr_in targets[batch];
  mmsghdr messages[batch] = {};
  for (unsigned i = 0; i < batch; i++) {
    messages[i].msg_hdr = {&targets[i], sizeof targets[i], &vector, 1, nullptr, 0, 0};
  }
  uint64_t most = rate > 0 ? static_cast<uint64_t>(rate / 10) : 10'000;
  uint64_t kept = 0;
  Pace pace(rate);
  for (uint64_t sent = 0; sent < flows; pace.keep(sent)) {
    uint64_t left = flows - sent;
    unsigned count = static_cast<unsigned>(left < batch ? left : batch);
    for (unsigned i = 0; i < count; i++) {
      targets[i] = place(INADDR_LOOPBACK + static_cast<uint32_t>((sent + i) % 1'000'000), 5001);
    }
    unsigned put = send_all(fd, messages, count);
    sent += put;
    kept += put;
    if (kept >= most || sent >= flows) {
      forget_all(netlink);
      kept = 0;
    }
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::string what = count > 1 ? words[1] : "";
  if (what == "packets" && count == 5) {
    return send_packets(std::strtoull(words[2], nullptr, 10), std::atof(words[3]),
                        std::strtoull(words[4], nullptr, 10));
  }
  if (what == "flows" && count == 4) {
    return send_flows(std::strtoull(words[2], nullptr, 10), std::atof(words[3]));
  }
  std::fputs("netfilter_send packets PACKETS RATE SIZE | netfilter_send flows FLOWS RATE\n", stderr);
  return 2;
}
