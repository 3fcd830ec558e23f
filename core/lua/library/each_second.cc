// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/each_second.hh"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <vector>

namespace stook {

namespace {
struct Held {
  std::mutex lock;
  bool is_on = false;
  std::vector<EachSecond*> waiting;
};
Held& held() {
  static Held* the = new Held;  // outlives every EachSecond
  return *the;
}
}  // namespace

void EachSecond::hold() {
  std::lock_guard lock(held().lock);
  held().is_on = true;
}

void EachSecond::release() {
  std::vector<EachSecond*> waiting;
  {
    std::lock_guard lock(held().lock);
    held().is_on = false;
    waiting.swap(held().waiting);
  }
  for (EachSecond* one : waiting) {
    one->start();
  }
}

EachSecond::~EachSecond() {
  {
    std::lock_guard lock(held().lock);
    std::erase(held().waiting, this);
  }
  {
    std::lock_guard lock(lock_);
    stop_ = true;
  }
  bell_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void EachSecond::start() {
  {
    std::lock_guard lock(held().lock);
    if (held().is_on) {
      held().waiting.push_back(this);
      return;
    }
  }
  std::lock_guard lock(lock_);
  if (!thread_.joinable()) {
    thread_ = std::thread([this] { serve(); });
  }
}

void EachSecond::serve() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) {
    {
      std::unique_lock lock(lock_);
      bell_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_; });
      if (stop_) {
        return;
      }
    }
    deed_();
  }
}

}  // namespace stook
