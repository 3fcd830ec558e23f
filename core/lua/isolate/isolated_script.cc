// SPDX-License-Identifier: Apache-2.0
#include "core/lua/isolate/isolated_script.hh"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/lua/agent/library.hh"
#include "core/lua/agent/run.hh"
#include "core/lua/isolate/brief.hh"
#include "core/lua/isolate/isolated_run.hh"
#include "core/lua/isolate/piped_feed.hh"
#include "core/lua/manifest.hh"

namespace stook {

namespace {
constexpr size_t longest_brief = 16 << 20;
constexpr size_t more_memory = 64 << 20;  // stacks, and what the C library takes
constexpr int64_t second = 1'000'000'000;
constexpr int64_t cpu_margin = 10;  // s beyond the budget, after which the script's own watchdog has failed

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_shadow = true;
#elif defined(__has_feature)
constexpr bool has_shadow = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool has_shadow = false;
#endif

// The pipe at this number, elsewhere and closed to what the script runs; /dev/null in its place, so that nothing that
// prints gets between the slips.
Fd take_over(int number, int null) {
  Fd pipe(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  ::dup2(null, number);
  return pipe;
}

void limit(int what, rlim_t most) {
  rlimit now{};
  ::getrlimit(static_cast<__rlimit_resource_t>(what), &now);
  now.rlim_cur = std::min(most, now.rlim_max);
  ::setrlimit(static_cast<__rlimit_resource_t>(what), &now);
}

// Programs have no limits of these kinds by themselves, so only the soft ones are set.
void limit_memory(size_t script) {
  unsigned long pages = 0;
  FILE* statm = std::fopen("/proc/self/statm", "re");
  if (has_shadow || statm == nullptr || std::fscanf(statm, "%lu", &pages) != 1) {
    pages = 0;
  }
  if (statm != nullptr) {
    std::fclose(statm);
  }
  if (pages > 0) {
    limit(RLIMIT_AS, pages * static_cast<size_t>(::getpagesize()) + 2 * script + more_memory);
  }
}

// One loop, one script. *Rooms:* the front, which is all there is.
class IsolatedScript final : private ScriptOwner {
 public:
  IsolatedScript(Fd control, Fd data, const ScriptBrief& brief, SlipCutter cutter)
      : brief_(brief), control_(std::move(control)), data_(std::move(data)), cutter_(std::move(cutter)) {}

  int run() ROOM(front);

 private:
  void script_failed(const std::string& message, int64_t line) override ROOM(front);
  void script_ended() override ROOM(front);
  void script_waits() override ROOM(front) { move_cpu_limit(); }
  void script_listens() override ROOM(front) {
    feed_->tell(SlipKind::Listens);
    feed_->seal();
  }
  void move_cpu_limit();
  void begin() ROOM(front);
  void on_control() ROOM(front);
  void take(const Slip& slip) ROOM(front);
  void on_term() ROOM(front);
  void end() ROOM(front);

  const ScriptBrief& brief_;
  Fd control_;
  Fd data_;
  SlipCutter cutter_;
  Loop loop_{true};
  std::vector<Key> keys_;
  std::optional<PipedFeed> feed_;
  std::optional<PipedTokens> tokens_;
  std::unique_ptr<Script> script_;
  std::unique_ptr<SourceRun> run_;
  Watcher control_watch_;
  Watcher term_watch_;
  int64_t cpu_seconds_ = -1;
  bool has_ended_ = false;
};

int IsolatedScript::run() {
  term_watch_.on_signal<&IsolatedScript::on_term>(loop_, this, SIGTERM);
  control_watch_.on_readable<&IsolatedScript::on_control>(loop_, this, control_.get());
  move_cpu_limit();
  try {
    script_ = std::make_unique<Script>(brief_.path, brief_.settings, brief_.limits, brief_.world.call, CallVariables{},
                                       source_library(brief_.world), &brief_.text);
    keys_ = source_keys(script_->manifest().writes);
    feed_.emplace(loop_, std::move(data_), brief_.instance, keys_.size());
    begin();
  } catch (const std::invalid_argument& error) {
    if (!feed_) {
      feed_.emplace(loop_, std::move(data_), brief_.instance, keys_.size());
    }
    script_failed(error.what(), 0);
  }
  if (!feed_->is_done()) {
    loop_.run();
  }
  run_.reset();
  return 0;
}

void IsolatedScript::begin() {
  tokens_.emplace(*feed_, brief_.token);
  std::unique_ptr<LuaState> state = script_->start(brief_.limits, brief_.instance);
  run_ = std::make_unique<SourceRun>(*feed_, std::move(state), keys_, *tokens_, static_cast<ScriptOwner&>(*this),
                                     std::make_unique<PipedText>(*feed_));
  feed_->belong_to(run_.get());
  run_->start();
}

void IsolatedScript::end() {
  has_ended_ = true;
  feed_->belong_to(nullptr);
  feed_->end();
}

void IsolatedScript::script_failed(const std::string& message, int64_t line) {
  if (!has_ended_) {
    std::string bytes(reinterpret_cast<const char*>(&line), sizeof line);
    feed_->tell(SlipKind::Failed, bytes + message);
    end();
  }
}

void IsolatedScript::script_ended() {
  if (!has_ended_) {
    feed_->tell(SlipKind::Ended);
    end();
  }
}

// SIGXCPU ends what the watchdog could not.
void IsolatedScript::move_cpu_limit() {
  int64_t now = read_clock(CLOCK_PROCESS_CPUTIME_ID) / second;
  if (now != cpu_seconds_) {
    cpu_seconds_ = now;
    limit(RLIMIT_CPU, static_cast<rlim_t>(now + brief_.limits.budget / second + cpu_margin));
  }
}

void IsolatedScript::on_control() {
  char bytes[4096];
  ssize_t got = ::read(control_.get(), bytes, sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (got <= 0) {  // stook is gone
    run_.reset();
    ::_exit(0);
  }
  cutter_.add({bytes, static_cast<size_t>(got)});
  Slip slip;
  while (run_ && !has_ended_ && cutter_.next(slip) == SlipCutter::Step::Slip) {
    take(slip);
  }
}

void IsolatedScript::take(const Slip& slip) {
  using Word = Told::Word;
  switch (slip.kind) {
    case SlipKind::Stop:
      if (run_->told().is_listening) {
        run_->tell(Word::Stop);
      } else {
        on_term();
      }
      break;
    case SlipKind::Pause:
      run_->tell(Word::Pause);
      break;
    case SlipKind::Resume:
      run_->tell(Word::Resume);
      break;
    case SlipKind::Commit:
      run_->tell(Word::Commit, slip.bytes);
      break;
    default:
      break;
  }
}

void IsolatedScript::on_term() {
  if (run_ && !has_ended_ && !run_->end()) {
    run_->stop();
    script_ended();
  }
}

// The brief, which is the first slip; what follows it stays in the cutter.
bool wait_for_brief(int control, SlipCutter& cutter, ScriptBrief& brief) {
  char bytes[4096];
  for (;;) {
    Slip slip;
    SlipCutter::Step step = cutter.next(slip);
    if (step == SlipCutter::Step::Slip) {
      return slip.kind == SlipKind::Brief && read_brief(slip.bytes, brief);
    }
    ssize_t got = step == SlipCutter::Step::More ? ::read(control, bytes, sizeof bytes) : 0;
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return false;
    }
    cutter.add({bytes, got > 0 ? static_cast<size_t>(got) : 0});
  }
}
}  // namespace

bool is_isolated_script(int argc, char** argv) {
  return argc == 3 && ::strcmp(argv[1], isolated_word) == 0;
}

int run_isolated_script() {
  room::enter(room::front);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::signal(SIGPIPE, SIG_IGN);
  ::mallopt(M_ARENA_MAX, 1);
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Fd control = take_over(STDIN_FILENO, null.get());
  Fd data = take_over(STDOUT_FILENO, null.get());
  null.reset();
  if (!control || !data) {
    std::fprintf(stderr, "stook: --isolated-script is how stook starts a script, and no command\n");
    return 2;
  }
  SlipCutter cutter(longest_brief);
  ScriptBrief brief;
  if (!wait_for_brief(control.get(), cutter, brief)) {
    return 3;
  }
  set_log_level(brief.level);
  limit(RLIMIT_CORE, 0);
  limit_memory(brief.limits.memory);
  IsolatedScript script(std::move(control), std::move(data), brief, std::move(cutter));
  return script.run();
}

}  // namespace stook
