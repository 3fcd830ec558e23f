// SPDX-License-Identifier: Apache-2.0
/// Floor 2. The loop on libev. The C callbacks below are where a thread enters the front's room.
#include "core/api/loop.hh"

#include <ev.h>
#include <signal.h>

#include <cassert>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/status.hh"

namespace stook {

namespace {

double seconds(int64_t ns) {
  return ns > 0 ? static_cast<double>(ns) * 1e-9 : 0.0;
}

/// Idle watchers stand above all others: libev runs them when nothing of their own priority is pending, which is in
/// every turn, and the turn then goes on to descriptors, timers and wakes. At equal priority a busy descriptor would
/// starve them.
constexpr int idle_priority = 1;

}  // namespace

struct Loop::Impl {
  struct ev_loop* ev = nullptr;
  bool is_main = false;
  bool is_running = false;
  bool is_stopped = false;
};

Loop::Loop(bool is_main) : impl_(std::make_unique<Impl>()) {
  unsigned flags = EVFLAG_AUTO | EVFLAG_NOENV;
  impl_->is_main = is_main;
  impl_->ev = is_main ? ev_default_loop(flags) : ev_loop_new(flags);
  if (impl_->ev == nullptr) {
    throw SetupError("the system gives no event loop (epoll, poll and select all failed)");
  }
  if (is_main) {
    // The default loop would reap every child of the process; each is reaped by its owner, who wants its exit code.
    ::signal(SIGCHLD, SIG_DFL);
  }
  // One reference of the loop's own: `run` lasts until `stop`, not until the last watcher has gone.
  ev_ref(impl_->ev);
}

Loop::~Loop() {
  ev_unref(impl_->ev);
  ev_loop_destroy(impl_->ev);
}

void Loop::run() {
  impl_->is_running = true;
  while (!impl_->is_stopped) {
    ev_run(impl_->ev, 0);
  }
  impl_->is_running = false;
  impl_->is_stopped = false;
}

void Loop::stop() {
  impl_->is_stopped = true;
  if (impl_->is_running) {
    ev_break(impl_->ev, EVBREAK_ALL);
  }
}

void Loop::poll() {
  ev_run(impl_->ev, EVRUN_NOWAIT);
}

int64_t Loop::now() const {
  return monotonic_ns();
}

/// One libev watcher of whichever kind, and whom to call. Its address is libev's handle, so it never moves.
struct Watcher::Impl {
  enum class Kind : uint8_t { None, Io, Timer, Idle, Async, Signal };
  union {
    ev_watcher any;
    ev_io io;
    ev_timer timer;
    ev_idle idle;
    ev_async async;
    ev_signal signal;
  };
  struct ev_loop* ev = nullptr;
  void* self = nullptr;
  Call call = nullptr;
  Kind kind = Kind::None;

  Impl() : any{} {}

  void stop() {
    switch (kind) {
      case Kind::None:
        break;
      case Kind::Io:
        ev_io_stop(ev, &io);
        break;
      case Kind::Timer:
        ev_timer_stop(ev, &timer);
        break;
      case Kind::Idle:
        ev_idle_stop(ev, &idle);
        break;
      case Kind::Async:
        ev_async_stop(ev, &async);
        break;
      case Kind::Signal:
        ev_signal_stop(ev, &signal);
        break;
    }
    kind = Kind::None;
  }

  void prepare(Loop& loop, Kind kind_, void* self_, Call call_) {
    stop();
    ev = loop.impl().ev;
    kind = kind_;
    self = self_;
    call = call_;
  }

  /// libev calls this. The watcher may be stopped or destroyed by the call, so nothing of it is touched afterwards.
  template <class W>
  static void fire(struct ev_loop*, W* watcher, int) {
    room::enter(room::front);
    Impl* impl = static_cast<Impl*>(watcher->data);
    impl->call(impl->self);
  }
};

Watcher::Watcher() = default;
Watcher::Watcher(Watcher&&) noexcept = default;

Watcher::~Watcher() {
  if (impl_) {
    impl_->stop();
  }
}

Watcher& Watcher::operator=(Watcher&& other) noexcept {
  if (this != &other) {
    if (impl_) {
      impl_->stop();
    }
    impl_ = std::move(other.impl_);
  }
  return *this;
}

void Watcher::stop() {
  if (impl_) {
    impl_->stop();
  }
}

/// A timer that is due and not yet called counts: who found it inactive and started it anew would put it off, in each turn
/// again.
bool Watcher::is_active() const {
  return impl_ && impl_->kind != Impl::Kind::None && (ev_is_active(&impl_->any) || ev_is_pending(&impl_->any));
}

void Watcher::wake() {
  assert(impl_ && impl_->kind == Impl::Kind::Async);
  ev_async_send(impl_->ev, &impl_->async);
}

void Watcher::start_io(Loop& loop, int fd, bool is_write, void* self, Call target) {
  impl_ = impl_ ? std::move(impl_) : std::make_unique<Impl>();
  impl_->prepare(loop, Impl::Kind::Io, self, target);
  ev_io_init(&impl_->io, &Impl::fire<ev_io>, fd, is_write ? EV_WRITE : EV_READ);
  impl_->io.data = impl_.get();
  ev_io_start(impl_->ev, &impl_->io);
}

void Watcher::start_timer(Loop& loop, int64_t delay, int64_t period, void* self, Call target) {
  impl_ = impl_ ? std::move(impl_) : std::make_unique<Impl>();
  impl_->prepare(loop, Impl::Kind::Timer, self, target);
  // libev counts from the time at which this turn of the loop began; the delay counts from now.
  ev_now_update(impl_->ev);
  ev_timer_init(&impl_->timer, &Impl::fire<ev_timer>, seconds(delay), seconds(period));
  impl_->timer.data = impl_.get();
  ev_timer_start(impl_->ev, &impl_->timer);
}

void Watcher::start_idle(Loop& loop, void* self, Call target) {
  impl_ = impl_ ? std::move(impl_) : std::make_unique<Impl>();
  impl_->prepare(loop, Impl::Kind::Idle, self, target);
  ev_idle_init(&impl_->idle, &Impl::fire<ev_idle>);
  ev_set_priority(&impl_->idle, idle_priority);
  impl_->idle.data = impl_.get();
  ev_idle_start(impl_->ev, &impl_->idle);
}

void Watcher::start_async(Loop& loop, void* self, Call target) {
  impl_ = impl_ ? std::move(impl_) : std::make_unique<Impl>();
  impl_->prepare(loop, Impl::Kind::Async, self, target);
  ev_async_init(&impl_->async, &Impl::fire<ev_async>);
  impl_->async.data = impl_.get();
  ev_async_start(impl_->ev, &impl_->async);
}

void Watcher::start_signal(Loop& loop, int signal, void* self, Call target) {
  assert(loop.impl().is_main);
  impl_ = impl_ ? std::move(impl_) : std::make_unique<Impl>();
  impl_->prepare(loop, Impl::Kind::Signal, self, target);
  ev_signal_init(&impl_->signal, &Impl::fire<ev_signal>, signal);
  impl_->signal.data = impl_.get();
  ev_signal_start(impl_->ev, &impl_->signal);
}

}  // namespace stook
