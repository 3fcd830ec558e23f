// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A front's event loop: descriptors, timers, inotify-ready callbacks, without a word of libev in the header.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/room.hh"

namespace stook {

/// One libev loop. *Rooms:* its front; `wake` from anywhere.
class Loop {
 public:
  /// `is_main`: uses libev's default loop, which may watch signals.
  explicit Loop(bool is_main);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs callbacks until `stop`.
  void run() ROOM(front);
  void stop() ROOM(front);
  /// Runs what is ready without waiting, for tests.
  void poll() ROOM(front);
  /// ns of CLOCK_MONOTONIC, read now.
  int64_t now() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A watcher: calls one member function of one object. Stopped by its destructor.
/// `io.start<&Tail::on_readable>(loop, this, fd)`. Callbacks run in the front and must return soon; they may start and
/// stop any watcher, their own included.
class Watcher {
 public:
  Watcher();
  ~Watcher();
  Watcher(Watcher&&) noexcept;
  Watcher& operator=(Watcher&&) noexcept;

  /// Calls whenever the descriptor is readable.
  template <auto F, class T>
  void on_readable(Loop& loop, T* self, int fd) ROOM(front) {
    start_io(loop, fd, false, self, &call<F, T>);
  }
  /// Calls whenever the descriptor is writable.
  template <auto F, class T>
  void on_writable(Loop& loop, T* self, int fd) ROOM(front) {
    start_io(loop, fd, true, self, &call<F, T>);
  }
  /// Calls after `delay` ns, then each `period` ns; period 0: once.
  template <auto F, class T>
  void on_time(Loop& loop, T* self, int64_t delay, int64_t period = 0) ROOM(front) {
    start_timer(loop, delay, period, self, &call<F, T>);
  }
  /// Calls in every turn of the loop as long as it runs, without sleeping: for a source that always has more to read.
  template <auto F, class T>
  void on_idle(Loop& loop, T* self) ROOM(front) {
    start_idle(loop, self, &call<F, T>);
  }
  /// Calls after any thread has called `wake`; several wakes may be one call.
  template <auto F, class T>
  void on_wake(Loop& loop, T* self) ROOM(front) {
    start_async(loop, self, &call<F, T>);
  }
  /// Calls when the process receives the signal. Main loop only.
  template <auto F, class T>
  void on_signal(Loop& loop, T* self, int signal) ROOM(front) {
    start_signal(loop, signal, self, &call<F, T>);
  }
  void stop() ROOM(front);
  bool is_active() const;
  /// Any thread, on a watcher started by on_wake.
  void wake();

  struct Impl;

 private:
  using Call = void (*)(void*);
  template <auto F, class T>
  static void call(void* self) ROOM(front) {
    (static_cast<T*>(self)->*F)();
  }
  void start_io(Loop& loop, int fd, bool is_write, void* self, Call call);
  void start_timer(Loop& loop, int64_t delay, int64_t period, void* self, Call call);
  void start_idle(Loop& loop, void* self, Call call);
  void start_async(Loop& loop, void* self, Call call);
  void start_signal(Loop& loop, int signal, void* self, Call call);

  std::unique_ptr<Impl> impl_;
};

}  // namespace stook
