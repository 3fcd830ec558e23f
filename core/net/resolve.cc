// SPDX-License-Identifier: Apache-2.0
#include "core/net/resolve.hh"

#include <netdb.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

#include "core/base/clock.hh"
#include "core/base/doorbell.hh"
#include "core/base/log.hh"
#include "core/base/text.hh"

namespace stook {

struct Resolver::Question {
  Endpoint endpoint;
  int type = 0;
  int64_t asked_at = 0;
  // Written by the thread that asks, read by the carrier once `is_answered`.
  int error = 0;
  int code = 0;  // errno with EAI_SYSTEM
  std::vector<SocketAddress> found;
  // Written by the thread that asks, read by the carrier: released after the answer, acquired before it is read.
  std::atomic<bool> is_answered{false};
  Doorbell bell;

  void answer() {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = type;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    error = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
    code = errno;
    for (addrinfo* one = error == 0 ? list : nullptr; one != nullptr; one = one->ai_next) {
      found.emplace_back(one->ai_addr, one->ai_addrlen);
    }
    if (list != nullptr) {
      ::freeaddrinfo(list);
    }
    is_answered.store(true, std::memory_order_release);
    bell.ring();
  }
};

void Resolver::begin() {
  question_ = std::make_shared<Question>();
  question_->endpoint = endpoint_;
  question_->type = type_;
  question_->asked_at = monotonic_ns();
  try {
    std::thread asker([question = question_] {
      pthread_setname_np(pthread_self(), "stook-names");
      question->answer();
    });
    asker.detach();
  } catch (const std::system_error& error) {
    question_->error = EAI_SYSTEM;
    question_->code = error.code().value();
    question_->is_answered.store(true, std::memory_order_release);
  }
}

Advance Resolver::finish() {
  std::shared_ptr<Question> question = std::move(question_);
  if (question->error == 0 && !question->found.empty()) {
    addresses_ = std::move(question->found);
    is_known_bad_ = false;
    return Advance::Done;
  }
  const char* why = question->error == 0            ? "it has no address"
                    : question->error == EAI_SYSTEM ? std::strerror(question->code)
                                                    : ::gai_strerror(question->error);
  reason_ = "cannot resolve '" + endpoint_.host + "': " + why;
  if (!is_known_bad_) {
    is_known_bad_ = true;
    log_event(Level::Warning, "name_unresolved", Fields()("name", endpoint_.host)("reason", why));
  }
  return Advance::Failed;
}

Advance Resolver::ask(int64_t until) {
  if (std::optional<SocketAddress> known = SocketAddress::of(endpoint_)) {
    addresses_ = {*known};
    return Advance::Done;
  }
  if (question_ == nullptr) {
    begin();
  }
  for (;;) {
    question_->bell.hush();
    if (question_->is_answered.load(std::memory_order_acquire)) {
      return finish();
    }
    int64_t now = monotonic_ns();
    if (now >= until) {
      reason_ =
          "the name '" + endpoint_.host + "' has not been resolved for " + show_duration(now - question_->asked_at);
      return Advance::Pending;
    }
    question_->bell.wait_until(until);
  }
}

}  // namespace stook
