// SPDX-License-Identifier: Apache-2.0
/// From the name to a connection on which bytes flow.
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "core/base/clock.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/net/outgoing.hh"

namespace stook {

namespace {
/// How long a peer that asked for our certificate has to say no to it. In TLS 1.3 its word comes behind our handshake,
/// with its tickets; some peers look at the certificate only once those are sent.
constexpr int64_t verdict_least = 100'000'000;
constexpr int64_t verdict_most = 1'000'000'000;
}  // namespace

// An attempt to connect that came to nothing.
Advance Outgoing::fail(const std::string& reason, bool is_refusal) {
  reason_ = reason;
  is_refusal_ = is_refusal;
  close();
  return Advance::Failed;
}

// What a dialer says names addresses; where `to` is a name that belongs to it.
std::string Outgoing::named_reason(const std::string& reason) const {
  return SocketAddress::of(endpoint_) ? reason : endpoint_.text() + ": " + reason;
}

Advance Outgoing::connect(int64_t until) {
  if (is_up_) {
    return Advance::Done;
  }
  if (!fd_) {
    if (!dialer_) {
      Advance named = resolver_.ask(until);
      if (named != Advance::Done) {
        reason_ = resolver_.reason();
        is_refusal_ = false;
        return named;
      }
      dialer_.emplace(resolver_.addresses(), time_out_);
    }
    Advance dialled = dialer_->go_on(until);
    if (dialled == Advance::Failed) {
      return fail(named_reason(dialer_->reason()), dialer_->code() == EACCES || dialer_->code() == EPERM);
    }
    if (dialled == Advance::Pending) {
      reason_ = named_reason(dialer_->reason());
      return dialled;
    }
    fd_ = dialer_->take();
    address_ = dialer_->address();
    dialer_.reset();
    shaking_since_ = monotonic_ns();
  }
  try {
    Advance shaken = tls_ ? shake_hands(until) : Advance::Done;
    is_up_ = shaken == Advance::Done;
    return shaken;
  } catch (const SetupError& error) {
    return fail(error.what(), true);
  }
}

Advance Outgoing::shake_hands(int64_t until) {
  if (!session_) {
    session_ = tls_->session(fd_.get(), endpoint_.host);
  }
  int64_t deadline = shaking_since_ + time_out_;
  while (shaken_at_ == 0) {
    TlsStep step = session_->handshake();
    int64_t now = monotonic_ns();
    if (step.status == TlsStatus::Done) {
      shaken_at_ = now;
      received_then_ = session_->received();
      break;
    }
    if (step.status == TlsStatus::Closed || step.status == TlsStatus::Failed) {
      return fail(endpoint_.text() + ": TLS: " + session_->reason(), session_->is_refusal());
    }
    if (now >= deadline) {
      return fail("TLS: the peer has not finished the handshake within " + show_duration(time_out_));
    }
    if (now >= until) {
      reason_ = endpoint_.text() + ": TLS: waiting for the peer's part of the handshake";
      return Advance::Pending;
    }
    (void)wait(step.status == TlsStatus::WantRead ? POLLIN : POLLOUT, std::min(until, deadline));
  }
  return session_->was_asked_for_certificate() ? await_verdict(until) : Advance::Done;
}

Advance Outgoing::await_verdict(int64_t until) {
  bool is_told = session_->version() != "TLSv1.3";  // there the verdict is part of the handshake
  for (;;) {
    char bytes[4096];
    TlsStep step = session_->read(bytes, sizeof bytes);
    keep(bytes, step.status == TlsStatus::Done ? step.bytes : 0);
    if (step.status == TlsStatus::Closed || step.status == TlsStatus::Failed) {
      bool is_silent = step.status == TlsStatus::Closed || !session_->is_refusal();
      return fail(endpoint_.text() + ": TLS: " + session_->reason() + (is_silent ? " once it had our certificate" : ""),
                  true);
    }
    int64_t now = monotonic_ns();
    is_told = is_told || session_->received() > received_then_;
    int64_t enough = shaken_at_ + (is_told ? verdict_least : verdict_most);
    if (now >= enough) {
      return Advance::Done;
    }
    if (now >= until) {
      reason_ = endpoint_.text() + ": TLS: waiting for the peer's word on our certificate";
      return Advance::Pending;
    }
    (void)wait(POLLIN, std::min(until, enough));
  }
}

}  // namespace stook
