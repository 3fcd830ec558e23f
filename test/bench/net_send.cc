// SPDX-License-Identifier: Apache-2.0
/// Sends the records of net_rows.hh to who is measured by net.py, as fast as it goes or at a rate.
///
///     net_send tcp PORT octets|lf ROWS        one connection, about 64 KiB a write
///     net_send tls PORT octets|lf ROWS        the same by TLS, nobody's certificate is looked at
///     net_send udp PORT ROWS RATE             64 datagrams a sendmmsg(2); RATE 0: no pauses
///     net_send http PORT ROWS BATCH LINKS     POSTs of BATCH lines of JSON on LINKS connections, one at work on each
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "core/net/tls.hh"
#include "test/bench/net_rows.hh"

namespace {

using net_bench::pool;

constexpr unsigned batch = 64;
constexpr size_t block_size = 65536;

[[noreturn]] void fail(const char* what) {
  std::perror((std::string("net_send: ") + what).c_str());
  std::exit(1);
}

int connected(const char* port, int type) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, type, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  return fd;
}

double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Stays on the processor it is on. On loopback the sender's processor is the one that takes a datagram in, and that of a
/// network card is always the same for a flow.
void stay_here() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) {
    fail("sched_setaffinity");
  }
}

/// Bytes on their way to one peer, by TLS or without.
class Way {
 public:
  Way(const char* port, bool is_secure) : fd_(connected(port, SOCK_STREAM)) {
    if (is_secure) {
      stook::TlsConfig config;
      config.tls = true;
      config.tls_verify = false;
      context_.emplace(config, stook::TlsRole::Client);
      session_ = context_->session(fd_, "localhost");
      go_on([this] { return session_->handshake(); });
    }
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t put = session_ ? static_cast<ssize_t>(go_on([&] { return session_->write(bytes.data(), bytes.size()); }))
                             : write(fd_, bytes.data(), bytes.size());
      if (put <= 0) {
        fail("write");
      }
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }
  void close() {
    if (session_) {
      session_->close();
    }
    // What the peer still says is read, as a reset would take away what it has not read.
    shutdown(fd_, SHUT_WR);
    char rest[4096];
    while (read(fd_, rest, sizeof rest) > 0) {}
    ::close(fd_);
  }

 private:
  /// Repeats a step until it is done; returns its bytes.
  template <class Step>
  size_t go_on(Step step) {
    for (;;) {
      stook::TlsStep made = step();
      bool is_waiting = made.status == stook::TlsStatus::WantRead || made.status == stook::TlsStatus::WantWrite;
      if (made.status == stook::TlsStatus::Done) {
        return made.bytes;
      }
      pollfd polled{fd_, static_cast<short>(made.status == stook::TlsStatus::WantRead ? POLLIN : POLLOUT), 0};
      if (!is_waiting || poll(&polled, 1, 10'000) != 1) {
        fail("tls");
      }
    }
  }

  int fd_;
  std::optional<stook::TlsContext> context_;
  std::unique_ptr<stook::TlsSession> session_;
};

/// Blocks of whole records, the pool once through.
struct Block {
  std::string bytes;
  uint64_t rows = 0;
};

std::vector<Block> blocks_of(bool is_counted) {
  std::vector<Block> blocks(1);
  for (const std::string& record : net_bench::records(net_bench::syslog_record)) {
    if (blocks.back().bytes.size() >= block_size) {
      blocks.emplace_back();
    }
    blocks.back().bytes += is_counted ? std::to_string(record.size()) + " " + record : record + "\n";
    blocks.back().rows++;
  }
  return blocks;
}

/// The bytes of the first rows of a block.
std::string_view first_rows(const Block& block, uint64_t rows, bool is_counted) {
  size_t end = 0;
  for (uint64_t i = 0; i < rows; i++) {
    end = is_counted ? block.bytes.find(' ', end) + 1 + std::strtoull(block.bytes.c_str() + end, nullptr, 10)
                     : block.bytes.find('\n', end) + 1;
  }
  return std::string_view(block.bytes).substr(0, end);
}

int send_stream(const char* port, bool is_secure, bool is_counted, uint64_t rows) {
  std::vector<Block> blocks = blocks_of(is_counted);
  Way way(port, is_secure);
  for (size_t i = 0; rows > 0; i = (i + 1) % blocks.size()) {
    const Block& block = blocks[i];
    way.send(rows >= block.rows ? std::string_view(block.bytes) : first_rows(block, rows, is_counted));
    rows -= rows < block.rows ? rows : block.rows;
  }
  way.close();
  return 0;
}

int send_datagrams(const char* port, uint64_t rows, double rate) {
  int fd = connected(port, SOCK_DGRAM);
  stay_here();
  std::vector<std::string> records = net_bench::records(net_bench::syslog_record);
  iovec vectors[batch];
  mmsghdr messages[batch] = {};
  double begin = now();
  for (uint64_t sent = 0; sent < rows;) {
    unsigned count = static_cast<unsigned>(rows - sent < batch ? rows - sent : batch);
    for (unsigned i = 0; i < count; i++) {
      std::string& record = records[(sent + i) % pool];
      vectors[i] = {record.data(), record.size()};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int put = sendmmsg(fd, messages, count, 0);
    if (put <= 0) {
      fail("sendmmsg");
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

/// Reads an answer, which has to be a whole one with the status 200.
void take_answer(int fd) {
  char bytes[4096];
  size_t size = 0;
  size_t end = std::string_view::npos;
  while (end == std::string_view::npos || bytes[size - 1] != '\n') {
    ssize_t got = read(fd, bytes + size, sizeof bytes - size);
    if (got <= 0) {
      fail("no answer");
    }
    size += static_cast<size_t>(got);
    end = std::string_view(bytes, size).find("\r\n\r\n");
    end = end + 4 < size ? end : std::string_view::npos;
  }
  if (std::string_view(bytes, size).substr(0, 12) != "HTTP/1.1 200") {
    std::fprintf(stderr, "net_send: %.*s", static_cast<int>(size), bytes);
    std::exit(1);
  }
}

int send_requests(const char* port, uint64_t rows, size_t of_request, size_t links) {
  std::vector<std::string> records = net_bench::records(net_bench::json_record);
  std::vector<pollfd> polled;
  for (size_t i = 0; i < links; i++) {
    polled.push_back({connected(port, SOCK_STREAM), POLLIN, 0});
  }
  uint64_t sent = 0;
  uint64_t answered = 0;
  auto post = [&](int fd) {
    std::string body;
    uint64_t until = sent + of_request < rows ? sent + of_request : rows;
    for (; sent < until; sent++) {
      body += records[sent % pool] + "\n";
    }
    std::string text = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body;
    if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      fail("write");
    }
  };
  for (const pollfd& link : polled) {
    post(link.fd);
  }
  uint64_t requests = (rows + of_request - 1) / of_request;
  while (answered < requests && poll(polled.data(), polled.size(), -1) > 0) {
    for (const pollfd& link : polled) {
      if (link.revents != 0) {
        take_answer(link.fd);
        answered++;
        sent < rows ? post(link.fd) : void();
      }
    }
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::string_view what = count > 1 ? words[1] : "";
  if ((what == "tcp" || what == "tls") && count == 5) {
    bool is_counted = std::string_view(words[3]) == "octets";
    return send_stream(words[2], what == "tls", is_counted, std::strtoull(words[4], nullptr, 10));
  }
  if (what == "udp" && count == 5) {
    return send_datagrams(words[2], std::strtoull(words[3], nullptr, 10), std::atof(words[4]));
  }
  if (what == "http" && count == 6) {
    return send_requests(words[2], std::strtoull(words[3], nullptr, 10), std::strtoull(words[4], nullptr, 10),
                         std::strtoull(words[5], nullptr, 10));
  }
  std::fprintf(stderr, "net_send: see the head of test/bench/net_send.cc\n");
  return 2;
}
