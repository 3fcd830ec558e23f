// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The monitor: a small process that keeps root for what needs it later, and stookd's way to it.
///
/// It is forked before stookd has threads and gives its rights up, and keeps three capabilities: to bind low ports, to write
/// in folders of root's, to give files away. It ends with stookd: at the end of their pair of sockets, which nobody else
/// holds. A signal would not do: a process that is not root any more sends none to root, not even by its death.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "core/api/loop.hh"
#include "core/base/fd.hh"
#include "core/base/room.hh"
#include "core/base/root_door.hh"
#include "core/daemon/monitor_message.hh"
#include "core/daemon/privileges.hh"

namespace stook {

/// What a monitor begins with.
struct MonitorStart {
  /// Absolute.
  std::string config;
  /// Whom stookd becomes.
  Account account;
  /// stookd goes to the background: the terminal is not held.
  bool is_background = false;
};

/// The monitor's life: answers what comes, and ends with the process at the end of the pair. `life` is closed with it.
/// REQUIRES: a process of its own, forked from one without threads.
[[noreturn]] void be_monitor(Fd socket, Fd life, const MonitorStart& start) noexcept;
/// From here on the process can do little but what the monitor's deeds take; other calls say EPERM. Throws PrivilegeError.
void filter_monitor_calls();

/// The way to it. *Invariants:* one request is under way; what has gone is asked no more.
/// *Rooms:* any; the mutex is held for as long as a request takes, which is when a source starts or a file is opened.
class Monitor final : public RootDoor {
 public:
  /// Forks. Null: it does not run, and the log says why. REQUIRES: one thread.
  static std::unique_ptr<Monitor> start(const MonitorStart& start);
  ~Monitor() override;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  Granted listen(std::string_view id, const std::string& address, bool is_stream) override;
  Granted open(const std::string& path) override;

  bool is_there() const { return is_there_.load(std::memory_order_relaxed); }
  pid_t process() const { return process_; }
  /// Readable from when it has ended.
  int life() const { return life_.get(); }
  /// It has ended: says so, and leaves no zombie.
  void ended() ROOM(front);

 private:
  Monitor(Fd socket, Fd life, pid_t process);
  Granted ask(const MonitorRequest& request);

  std::mutex lock_;
  Fd socket_;
  Fd life_;
  pid_t process_;
  // Written by whoever finds that it has gone, read by main; late is harmless, as requests then fail.
  std::atomic<bool> is_there_{true};
};

/// Learns of the monitor's end. *Rooms:* main.
class MonitorWatch {
 public:
  /// `monitor` may be null. Both outlive it.
  MonitorWatch(Monitor* monitor, Loop& loop) ROOM(front);

 private:
  void on_end() ROOM(front);

  Monitor* monitor_;
  Watcher watcher_ OWNED(front);
};

}  // namespace stook
