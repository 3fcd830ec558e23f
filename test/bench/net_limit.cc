// SPDX-License-Identifier: Apache-2.0
/// The baseline of net.py: what the work costs in a program written for it alone, one thread, one peer.
///
///     net_limit tcp PORT octets|lf FILE     syslog of RFC 5424 into lines of JSON; ends when its peer does
///     net_limit udp PORT ROWS FILE          recvmmsg(2), a line a datagram; ends after ROWS, or 2 s of silence
///
/// PORT 0 lets the kernel choose one; the first line of the output names it, the last one how many rows there were.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "limit/stream.hh"
#include "net_limit_syslog.hh"

namespace {

constexpr unsigned batch = 64;
constexpr size_t datagram = 2048;

int bound(const char* port, int type) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, type, 0);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      (type == SOCK_STREAM && listen(fd, 16) != 0) ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    limit::fail("bind");
  }
  std::printf("port=%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

/// The next record of [at, end) and where it ends; without text when it is not all there.
struct Found {
  std::string_view text;
  const char* next;
};

Found next_counted(const char* at, const char* end) {
  size_t size = 0;
  const char* p = at;
  for (; p < end && *p != ' '; p++) {
    if (*p < '0' || *p > '9' || (p == at && *p == '0') || p - at > 6) {
      limit::fail("no count");
    }
    size = 10 * size + static_cast<size_t>(*p - '0');
  }
  if (p == end || static_cast<size_t>(end - p - 1) < size) {
    return {{}, at};
  }
  return {{p + 1, size}, p + 1 + size};
}

Found next_line(const char* at, const char* end) {
  const void* found = at == end ? nullptr : std::memchr(at, '\n', static_cast<size_t>(end - at));
  if (found == nullptr) {
    return {{}, at};
  }
  const char* stop = static_cast<const char*>(found);
  return {{at, static_cast<size_t>(stop - at)}, stop + 1};
}

template <Found (*next)(const char*, const char*)>
size_t take_stream(int fd, const char* path) {
  limit::Output out(path);
  auto buffer = std::make_unique<char[]>(2 * limit::CHUNK + limit::PAD);
  size_t kept = 0;
  size_t rows = 0;
  for (;;) {
    ssize_t got = recv(fd, buffer.get() + kept, limit::CHUNK, 0);
    if (got <= 0) {
      return rows;
    }
    const char* end = buffer.get() + kept + got;
    Found found = next(buffer.get(), end);
    for (; found.text.data() != nullptr; found = next(found.next, end)) {
      out.filled(limit::put_syslog_json(out.room(6 * found.text.size() + 1024), found.text));
      rows++;
    }
    kept = static_cast<size_t>(end - found.next);
    if (kept > limit::CHUNK) {
      limit::fail("a long record");
    }
    std::memmove(buffer.get(), found.next, kept);
  }
}

size_t take_datagrams(int fd, size_t rows, const char* path) {
  int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int size = 8 << 20;
  timeval silence{2, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  auto memory = std::make_unique<char[]>(batch * datagram);
  std::string lines;
  iovec vectors[batch];
  mmsghdr messages[batch] = {};
  for (unsigned i = 0; i < batch; i++) {
    vectors[i] = {memory.get() + i * datagram, datagram};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  size_t taken = 0;
  while (taken < rows) {
    int got = recvmmsg(fd, messages, batch, MSG_WAITFORONE, nullptr);
    if (got <= 0) {
      break;
    }
    lines.clear();
    for (int i = 0; i < got; i++) {
      lines.append(memory.get() + static_cast<size_t>(i) * datagram, messages[i].msg_len);
      lines += '\n';
    }
    taken += static_cast<size_t>(got);
    if (write(out, lines.data(), lines.size()) < 0) {
      limit::fail(path);
    }
  }
  return taken;
}

}  // namespace

int main(int count, char** words) {
  std::string_view what = count == 5 ? words[1] : "";
  if (what != "tcp" && what != "udp") {
    std::fprintf(stderr, "net_limit: see the head of test/bench/net_limit.cc\n");
    return 2;
  }
  int fd = bound(words[2], what == "tcp" ? SOCK_STREAM : SOCK_DGRAM);
  size_t rows = 0;
  if (what == "udp") {
    rows = take_datagrams(fd, std::strtoull(words[3], nullptr, 10), words[4]);
  } else {
    int peer = accept(fd, nullptr, nullptr);
    rows = std::string_view(words[3]) == "octets" ? take_stream<next_counted>(peer, words[4])
                                                  : take_stream<next_line>(peer, words[4]);
  }
  std::printf("rows=%zu\n", rows);
  return 0;
}
