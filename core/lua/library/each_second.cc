// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/each_second.hh"

#include <pthread.h>
#include <signal.h>

#include <chrono>

namespace stook {

EachSecond::~EachSecond() {
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
