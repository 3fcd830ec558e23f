// SPDX-License-Identifier: Apache-2.0
#include "core/net/connection.hh"

#include <errno.h>
#include <sys/socket.h>

#include <cstring>

namespace stook {

ssize_t Connection::receive(char* to, size_t size) {
  if (is_dry) {
    errno = EAGAIN;
    return -1;
  }
  if (!session) {
    ssize_t got;
    do {
      got = recv(fd_.get(), to, size, 0);
    } while (got < 0 && errno == EINTR);
    error_ = got < 0 ? errno : 0;
    return got;
  }
  // A record of TLS is 16 KiB at the most, and a turn is worth more.
  size_t size_read = 0;
  TlsStep step{TlsStatus::Done};
  while (size_read < size && step.status == TlsStatus::Done) {
    step = session->read(to + size_read, size - size_read);
    size_read += step.status == TlsStatus::Done ? step.bytes : 0;
  }
  wants_write = step.status == TlsStatus::WantWrite;
  if (size_read > 0) {
    is_ended_ = step.status == TlsStatus::Closed || step.status == TlsStatus::Failed;
    return static_cast<ssize_t>(size_read);
  }
  if (step.status == TlsStatus::Closed) {
    return 0;
  }
  errno = step.status == TlsStatus::Failed ? EPROTO : EAGAIN;
  return -1;
}

bool Connection::shake_hands() {
  TlsStep step = session->handshake();
  wants_write = step.status == TlsStatus::WantWrite;
  has_failed = step.status == TlsStatus::Failed || step.status == TlsStatus::Closed;
  is_shaking_hands = step.status != TlsStatus::Done;
  return !is_shaking_hands;
}

std::string Connection::reason() const {
  return session ? session->reason() : std::strerror(error_);
}

}  // namespace stook
