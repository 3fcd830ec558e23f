// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A thread for what must not wait for the disk elsewhere: it does one deed each second.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace stook {

/// *Invariants:* the thread lives from the first `start` to the end of the object. *Rooms:* any.
class EachSecond {
 public:
  explicit EachSecond(void (*deed)()) : deed_(deed) {}
  ~EachSecond();
  EachSecond(const EachSecond&) = delete;
  EachSecond& operator=(const EachSecond&) = delete;

  void start();

 private:
  void serve();

  void (*deed_)();
  std::mutex lock_;
  std::condition_variable bell_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace stook
