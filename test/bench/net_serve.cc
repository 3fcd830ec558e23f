// SPDX-License-Identifier: Apache-2.0
/// A server for what the http sink of stook sends: it answers each POST with 200 and keeps the bodies.
///
///     net_serve FILE      prints the port; the bodies go to FILE, one behind the other; ends with SIGTERM
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// One client: what it has sent, and how much of a body is to come.
struct Client {
  int fd;
  std::string head;
  size_t left = 0;
};

[[noreturn]] void fail(const char* what) {
  std::perror((std::string("net_serve: ") + what).c_str());
  std::exit(1);
}

size_t length_of(std::string_view head) {
  constexpr std::string_view name = "\r\ncontent-length:";
  for (size_t at = 0; at + name.size() < head.size(); at++) {
    if (strncasecmp(head.data() + at, name.data(), name.size()) == 0) {
      return std::strtoull(head.data() + at + name.size(), nullptr, 10);
    }
  }
  return 0;
}

void answer(int fd) {
  constexpr std::string_view text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    fail("answer");
  }
}

/// False: the client has gone.
bool serve(Client& client, int file) {
  static char bytes[256 * 1024];
  ssize_t got = read(client.fd, bytes, sizeof bytes);
  if (got <= 0) {
    return false;
  }
  std::string_view rest(bytes, static_cast<size_t>(got));
  while (!rest.empty()) {
    if (client.left == 0) {
      client.head += rest;
      size_t end = client.head.find("\r\n\r\n");
      if (end == std::string::npos) {
        return true;
      }
      rest.remove_prefix(rest.size() - (client.head.size() - end - 4));
      client.left = length_of(std::string_view(client.head).substr(0, end));
      client.head.clear();
    }
    std::string_view part = rest.substr(0, client.left);
    if (write(file, part.data(), part.size()) != static_cast<ssize_t>(part.size())) {
      fail("write");
    }
    rest.remove_prefix(part.size());
    client.left -= part.size();
    if (client.left == 0) {
      answer(client.fd);
    }
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int file = count == 2 ? open(words[1], O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
  if (file < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    fail("usage: net_serve FILE");
  }
  std::printf("port=%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  std::vector<Client> clients;
  std::vector<pollfd> polled{{listener, POLLIN, 0}};
  while (poll(polled.data(), polled.size(), -1) > 0) {
    for (size_t i = polled.size(); i > 1; i--) {
      if (polled[i - 1].revents != 0 && !serve(clients[i - 2], file)) {
        close(clients[i - 2].fd);
        clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i) - 2);
        polled.erase(polled.begin() + static_cast<std::ptrdiff_t>(i) - 1);
      }
    }
    if (polled[0].revents != 0) {
      int fd = accept(listener, nullptr, nullptr);
      clients.push_back({fd, {}, 0});
      polled.push_back({fd, POLLIN, 0});
    }
  }
  return 0;
}
