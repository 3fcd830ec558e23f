// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A thread for what must not wait for the disk elsewhere: it does one deed each second.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace stook {

/// *Invariants:* the thread lives from the first `start` to the end of the object; while all are held there is none.
/// *Rooms:* any.
class EachSecond {
 public:
  explicit EachSecond(void (*deed)()) : deed_(deed) {}
  ~EachSecond();
  EachSecond(const EachSecond&) = delete;
  EachSecond& operator=(const EachSecond&) = delete;

  void start();

  /// Main: until `release` no thread is started, for a daemon goes to the background and gives its rights up first, and a
  /// thread would neither come along nor do the same.
  static void hold();
  static void release();

 private:
  void serve();

  void (*deed_)();
  std::mutex lock_;
  std::condition_variable bell_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace stook
