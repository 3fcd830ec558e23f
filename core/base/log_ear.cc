// SPDX-License-Identifier: Apache-2.0
#include "core/base/log_ear.hh"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace stook {

namespace {

struct Ears {
  std::mutex lock;
  std::vector<LogEar*> all;
  // Written under the lock, read by any thread that logs; one that reads it late speaks to nobody, or takes the lock for
  // nothing, so relaxed.
  std::atomic<bool> are_there{false};
};

Ears& ears() {
  static Ears* the = new Ears;  // outlives every thread and every destructor that logs
  return *the;
}

}  // namespace

void add_log_ear(LogEar& ear) {
  std::lock_guard guard(ears().lock);
  ears().all.push_back(&ear);
  ears().are_there.store(true, std::memory_order_relaxed);
}

void remove_log_ear(LogEar& ear) {
  std::lock_guard guard(ears().lock);
  std::erase(ears().all, &ear);
  ears().are_there.store(!ears().all.empty(), std::memory_order_relaxed);
}

void tell_log_ears(Level level, std::string_view event, std::string_view fields) {
  if (!ears().are_there.load(std::memory_order_relaxed)) {
    return;
  }
  std::lock_guard guard(ears().lock);
  for (LogEar* ear : ears().all) {
    ear->hear(level, event, fields);
  }
}

}  // namespace stook
