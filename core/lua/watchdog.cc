// SPDX-License-Identifier: Apache-2.0
#include "core/lua/watchdog.hh"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <lua.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.hh"
#include "core/base/doorbell.hh"
#include "core/base/log.hh"

namespace stook {

namespace {
constexpr int64_t ms = 1'000'000;
constexpr int64_t period = 50 * ms;
/// CPU time beyond the budget after which a state counts as stuck in C, where no hook reaches it.
constexpr int64_t patience = 5'000 * ms;

int signal_number() {
  return SIGRTMIN + 3;
}

// The state that this thread runs. Read by the signal's handler, which interrupts that very thread.
thread_local std::atomic<Watched*> here{nullptr};
}  // namespace

/// The registry and its thread, which lives while states are registered.
class Watchdog {
 public:
  static Watchdog& instance() {
    static Watchdog one;
    return one;
  }

  void add(Watched* watched) {
    std::lock_guard one_at_a_time(changes_);
    std::lock_guard lock(mutex_);
    all_.push_back(watched);
    if (all_.size() == 1) {
      stop_ = false;
      thread_ = std::thread([this] { serve(); });
    }
  }
  /// Waits for the thread's end when this was the last one; whoever adds the next first waits for that, too.
  void remove(Watched* watched) {
    std::lock_guard one_at_a_time(changes_);
    {
      std::lock_guard lock(mutex_);
      all_.erase(std::find(all_.begin(), all_.end(), watched));
      if (!all_.empty()) {
        return;
      }
    }
    stop_.store(true, std::memory_order_release);
    bell_.ring();
    thread_.join();
  }
  /// By a state's thread that is about to run. Costs one load while the watchdog is awake.
  void wake() {
    if (is_asleep_.load(std::memory_order_seq_cst)) {
      is_asleep_.store(false, std::memory_order_relaxed);
      bell_.ring();
    }
  }

 private:
  // Polls each 50 ms while somebody runs; sleeps for good as soon as nobody does, so that an idle daemon stays idle.
  void serve() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (;;) {
      bell_.hush();
      is_asleep_.store(true, std::memory_order_seq_cst);
      if (stop_.load(std::memory_order_acquire)) {
        return;
      }
      if (!look()) {
        bell_.wait();
      }
      is_asleep_.store(false, std::memory_order_relaxed);
      if (stop_.load(std::memory_order_acquire)) {
        return;
      }
      timespec pause{0, period};
      nanosleep(&pause, nullptr);
    }
  }

  /// Whether anybody runs. Signals who overran.
  bool look() {
    std::lock_guard lock(mutex_);
    bool is_running = false;
    for (Watched* w : all_) {
      uint64_t sequence = w->sequence_.load(std::memory_order_seq_cst);
      if ((sequence & 1) == 0) {
        continue;
      }
      is_running = true;
      int64_t cpu = read_clock(w->clock_.load(std::memory_order_relaxed));
      if (sequence != w->seen_) {
        w->seen_ = sequence;
        w->seen_at_.store(cpu, std::memory_order_relaxed);
        w->spent_.store(0, std::memory_order_relaxed);
        continue;
      }
      if (w->spent_.load(std::memory_order_relaxed) >= w->budget_ + patience) {
        log_event(Level::Fatal, "script_stuck", Fields()("instance", w->name_));
        std::abort();
      }
      if (cpu - w->seen_at_.load(std::memory_order_relaxed) >= w->budget_) {
        w->asked_.store(sequence, std::memory_order_release);
        syscall(SYS_tgkill, getpid(), w->thread_.load(std::memory_order_relaxed), signal_number());
      }
    }
    return is_running;
  }

  // Taken before mutex_, by whoever adds or removes: the thread and its bell have one life at a time.
  std::mutex changes_;
  std::mutex mutex_;
  std::vector<Watched*> all_;
  std::thread thread_;
  Doorbell bell_;
  // Written by the watchdog and by whoever wakes it; sequentially consistent with Watched::sequence_.
  std::atomic<bool> is_asleep_{false};
  // Written under `changes_`, read by the watchdog; the bell carries it.
  std::atomic<bool> stop_{false};
};

namespace {
// RAISES. In a hook level 0 is the function that is running.
void stop_hook(lua_State* state, lua_Debug*) {
  luaL_where(state, 0);
  lua_pushliteral(state, "stopped: it ran longer than its budget");
  lua_concat(state, 2);
  lua_error(state);
}
}  // namespace

// Async-signal-safe: atomics, a clock, and lua_sethook, which Lua allows in signal handlers.
void end_by_signal(int) {
  Watched* watched = here.load(std::memory_order_relaxed);
  if (watched == nullptr) {
    return;
  }
  // The signal may be late: then the row that overran is over.
  if (watched->asked_.load(std::memory_order_acquire) != watched->sequence_.load(std::memory_order_relaxed)) {
    return;
  }
  // While a host holds a virtual processor back, others see the time of what stands on it go on; only the thread itself
  // knows what it got.
  int64_t spent = thread_cpu_ns() - watched->seen_at_.load(std::memory_order_relaxed);
  watched->spent_.store(spent, std::memory_order_relaxed);
  if (spent >= watched->budget_) {
    watched->is_over_.store(true, std::memory_order_relaxed);
    Watched::stop(watched->current_.load(std::memory_order_relaxed));
  }
}

Watched::Watched(lua_State* state, int64_t budget, std::string name)
    : main_(state), budget_(budget), name_(std::move(name)), current_(state) {}

Watched::~Watched() {
  if (is_registered_) {
    Watchdog::instance().remove(this);
  }
}

// COLD: the first time, and whenever another thread runs the state.
void Watched::attach() {
  struct sigaction action {};
  action.sa_handler = end_by_signal;
  action.sa_flags = SA_RESTART;
  sigaction(signal_number(), &action, nullptr);
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, signal_number());
  pthread_sigmask(SIG_UNBLOCK, &mine, nullptr);
  clockid_t clock{};
  pthread_getcpuclockid(pthread_self(), &clock);
  clock_.store(clock, std::memory_order_relaxed);
  thread_.store(gettid(), std::memory_order_relaxed);
  if (!is_registered_) {
    Watchdog::instance().add(this);
    is_registered_ = true;
  }
}

void Watched::enter() {
  thread_local const int self = gettid();
  if (thread_.load(std::memory_order_relaxed) != self) {
    attach();
  }
  here.store(this, std::memory_order_relaxed);
  sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
  Watchdog::instance().wake();
}

void Watched::recover() {
  next_row();  // first: a signal for the row that failed finds another number from here on
  lua_sethook(main_, nullptr, 0, 0);
  current_.store(main_, std::memory_order_relaxed);
  is_over_.store(false, std::memory_order_relaxed);
}

void Watched::leave() {
  sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  here.store(nullptr, std::memory_order_relaxed);
  if (is_over_.load(std::memory_order_relaxed)) {
    lua_sethook(main_, nullptr, 0, 0);
    is_over_.store(false, std::memory_order_relaxed);
  }
}

namespace {
// The state that this thread starts up.
thread_local Watched* starting = nullptr;

void count_hook(lua_State* state, lua_Debug* about) {
  if (starting != nullptr && starting->is_over()) {
    Watched::stop(state);
    stop_hook(state, about);
  }
}
}  // namespace

void Watched::enter_counted() {
  starting = this;
  deadline_ = thread_cpu_ns() + budget_;
  lua_sethook(main_, count_hook, LUA_MASKCOUNT, 10'000);
}

void Watched::leave_counted() {
  lua_sethook(main_, nullptr, 0, 0);
  starting = nullptr;
  deadline_ = 0;
}

bool Watched::is_over() const {
  return is_over_.load(std::memory_order_relaxed) || (deadline_ != 0 && thread_cpu_ns() > deadline_);
}

void Watched::stop(lua_State* state) {
  lua_sethook(state, stop_hook, LUA_MASKCOUNT, 1);
}

}  // namespace stook
