// SPDX-License-Identifier: Apache-2.0
#include "sources/http/connection.hh"

#include <sys/socket.h>

#include <cerrno>

#include "sources/http/server.hh"

namespace stook {

void HttpConnection::on_readable() {
  server.serve(*this);
}

void HttpConnection::on_writable() {
  writing.stop();
  server.go_on(*this);
}

ssize_t HttpConnection::receive(char* to, size_t size) {
  if (!session || state == HttpState::Linger) {
    ssize_t got = ::recv(fd.get(), to, size, 0);
    return got >= 0 ? got : errno == EAGAIN || errno == EINTR ? -1 : 0;
  }
  TlsStep step = session->read(to, size);
  wants_write = step.status == TlsStatus::WantWrite;
  if (step.status == TlsStatus::Done) {
    return static_cast<ssize_t>(step.bytes);
  }
  return step.status == TlsStatus::WantRead || step.status == TlsStatus::WantWrite ? -1 : 0;
}

bool HttpConnection::send() {
  while (!out.empty()) {
    size_t sent = 0;
    if (session) {
      TlsStep step = session->write(out.data(), out.size());
      if (step.status == TlsStatus::WantRead || step.status == TlsStatus::WantWrite) {
        return true;
      }
      if (step.status != TlsStatus::Done) {
        return false;
      }
      sent = step.bytes;
    } else {
      ssize_t wrote = ::send(fd.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (wrote < 0) {
        return errno == EAGAIN || errno == EINTR;
      }
      sent = static_cast<size_t>(wrote);
    }
    out.erase(0, sent);
  }
  return true;
}

}  // namespace stook
