// SPDX-License-Identifier: Apache-2.0
#include "core/net/connection.hh"

#include <errno.h>
#include <sys/socket.h>

#include <cstring>

namespace stook {

namespace {
/// Answers are short; a peer that reads none of so many wants none.
constexpr size_t most_unsent = 256 * 1024;
}  // namespace

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
    got_all_ = got == static_cast<ssize_t>(size);
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
  got_all_ = size_read == size;
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

void Connection::send(std::string_view bytes) {
  unsent_ += bytes;
  go_on_sending();
  if (unsent_.size() > most_unsent) {
    unsent_.clear();
    ::shutdown(fd_.get(), SHUT_RDWR);  // the next read ends it
  }
}

void Connection::go_on_sending() {
  size_t sent = 0;
  bool is_lost = false;
  while (sent < unsent_.size() && !is_lost) {
    size_t left = unsent_.size() - sent;
    if (session) {
      TlsStep step = session->write(unsent_.data() + sent, left);
      is_lost = step.status == TlsStatus::Failed || step.status == TlsStatus::Closed;
      if (step.status != TlsStatus::Done) {
        break;
      }
      sent += step.bytes;
    } else {
      ssize_t wrote = ::send(fd_.get(), unsent_.data() + sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);
      is_lost = wrote < 0 && errno != EAGAIN && errno != EINTR;
      if (wrote < 0 && errno != EINTR) {
        break;
      }
      sent += wrote > 0 ? static_cast<size_t>(wrote) : 0;
    }
  }
  unsent_.erase(0, is_lost ? std::string::npos : sent);
}

std::string Connection::reason() const {
  return session ? session->reason() : std::strerror(error_);
}

}  // namespace stook
