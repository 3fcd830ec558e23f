// SPDX-License-Identifier: Apache-2.0
/// Sends the records of `net.py` as fast as it goes or at a rate, and receives them as a program written for that would.
///
///     net_send tcp PORT octets|lf ROWS        one connection, 64 KiB a write
///     net_send udp PORT ROWS RATE             64 datagrams a sendmmsg(2); RATE 0: no pauses
///     net_send take PORT ROWS FILE            recvmmsg(2), a line a datagram; ends after ROWS, or 2 s of silence
#include <arpa/inet.h>
#include <fcntl.h>
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
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view record =
    "<165>1 2026-11-21T03:38:00.003Z web1.example.org app 8710 ID47 [ex@32473 iut=\"3\" eventSource=\"Application\"] "
    "An application event log entry number 12345678 with a little more text behind it, up to 200 bytes";
constexpr unsigned batch = 64;

sockaddr_in loopback(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connected(const char* port, int type) {
  sockaddr_in address = loopback(port);
  int fd = socket(AF_INET, type, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("net_send: connect");
    std::exit(1);
  }
  return fd;
}

double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

int send_stream(const char* port, bool is_counted, uint64_t rows) {
  std::string one(record);
  one = is_counted ? std::to_string(one.size()) + " " + one : one + "\n";
  std::string block;
  uint64_t of_block = 65536 / one.size();
  for (uint64_t i = 0; i < of_block; i++) {
    block += one;
  }
  int fd = connected(port, SOCK_STREAM);
  while (rows > 0) {
    uint64_t part = rows < of_block ? rows : of_block;
    for (size_t at = 0, size = static_cast<size_t>(part) * one.size(); at < size;) {
      ssize_t put = write(fd, block.data() + at, size - at);
      if (put <= 0) {
        std::perror("net_send: write");
        return 1;
      }
      at += static_cast<size_t>(put);
    }
    rows -= part;
  }
  return close(fd);
}

int send_datagrams(const char* port, uint64_t rows, double rate) {
  int fd = connected(port, SOCK_DGRAM);
  iovec vector{const_cast<char*>(record.data()), record.size()};
  mmsghdr messages[batch] = {};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &vector;
    message.msg_hdr.msg_iovlen = 1;
  }
  double begin = now();
  for (uint64_t sent = 0; sent < rows;) {
    int put = sendmmsg(fd, messages, static_cast<unsigned>(rows - sent < batch ? rows - sent : batch), 0);
    if (put <= 0) {
      std::perror("net_send: sendmmsg");
      return 1;
    }
    sent += static_cast<uint64_t>(put);
    double ahead = rate > 0 ? static_cast<double>(sent) / rate - (now() - begin) : 0;
    if (ahead > 0.0005) {
      timespec pause{0, static_cast<long>(ahead * 1e9)};
      nanosleep(&pause, nullptr);
    }
  }
  return close(fd);
}

int take_datagrams(const char* port, uint64_t rows, const char* path) {
  sockaddr_in address = loopback(port);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int size = 8 << 20;
  timeval silence{2, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  if (out < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("net_send: bind");
    return 1;
  }
  std::vector<char> memory(batch * 2048);
  std::string lines;
  iovec vectors[batch];
  mmsghdr messages[batch] = {};
  for (unsigned i = 0; i < batch; i++) {
    vectors[i] = {memory.data() + i * 2048, 2048};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  uint64_t taken = 0;
  while (taken < rows) {
    int got = recvmmsg(fd, messages, batch, MSG_WAITFORONE, nullptr);
    if (got <= 0) {
      break;
    }
    lines.clear();
    for (int i = 0; i < got; i++) {
      lines.append(memory.data() + i * 2048, messages[i].msg_len);
      lines += '\n';
    }
    taken += static_cast<uint64_t>(got);
    if (write(out, lines.data(), lines.size()) < 0) {
      return 1;
    }
  }
  std::printf("%llu\n", static_cast<unsigned long long>(taken));
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::string_view what = count > 1 ? words[1] : "";
  if (what == "tcp" && count == 5) {
    return send_stream(words[2], std::string_view(words[3]) == "octets", std::strtoull(words[4], nullptr, 10));
  }
  if (what == "udp" && count == 5) {
    return send_datagrams(words[2], std::strtoull(words[3], nullptr, 10), std::atof(words[4]));
  }
  if (what == "take" && count == 5) {
    return take_datagrams(words[2], std::strtoull(words[3], nullptr, 10), words[4]);
  }
  std::fprintf(stderr, "net_send: see the head of test/bench/net_send.cc\n");
  return 2;
}
