// SPDX-License-Identifier: Apache-2.0
/// exec: the output of a program, line by line.
///
/// The program is started without a shell (or with one, `shell=yes`) in a process group of its own, once, each
/// `interval`, or again and again whenever it ends (`supervised`). Its standard output is read, its standard error, or
/// both; what is not read of its errors goes to the log. When rows are not taken the pipe fills, and the program waits.
///
///     stack=in:exec,parse_json,out:file
///     [in]
///     command=journalctl -o json -f -n 0
///     mode=supervised
///
/// The row of a line:
///
///     message="{\"PRIORITY\":\"3\",\"MESSAGE\":\"disk full\"}"
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "sources/exec/run.hh"
#include "sources/glob.hh"
#include "sources/restarts.hh"

namespace stook {

namespace {

constexpr Option options[] = {
    option<&ExecConfig::command>("command", required,
                                 "the program and its arguments, cut at blanks; \"\", '' and \\ quote"),
    option<&ExecConfig::is_shell>("shell", "no", "the command is run by /bin/sh -c"),
    option<&ExecConfig::mode>(
        "mode", "once",
        "supervised: it is started again when it ends, after 0.2 s, and up to 60 s when it fails again "
        "and again"),
    option<&ExecConfig::interval>("interval", "60s", "mode=interval: how often it is started; not while it still runs",
                                  {1e7, 1e18}),
    option<&ExecConfig::watch>("watch", "stdout", "which of its outputs become rows; stderr goes to the log otherwise"),
    option<&ExecConfig::timeout>("timeout", "0", "a run that lasts longer is ended; 0 is for ever"),
    option<&ExecConfig::environment>("environment", "", "NAME=value, more variables for it"),
    option<&ExecConfig::folder>("folder", "", "where it works; empty: where stookd does"),
    option<&ExecConfig::reports_exit>("report_exit", "no", "each run ends with a row that has its exec.exit"),
    option<&ExecConfig::max_line>("max_line", "256KiB", "a longer line is cut here and marked as truncated",
                                  {64, 16.0 * 1024 * 1024}),
};

void declare(void* config, std::string_view folder, Wiring& wiring) {
  ExecConfig& exec = *static_cast<ExecConfig*>(config);
  exec.words = exec.is_shell ? std::vector<std::string>{"/bin/sh", "-c", exec.command} : split_command(exec.command);
  if (exec.words.empty() || exec.words[0].empty()) {
    throw std::invalid_argument("command is empty; it takes a program and its arguments");
  }
  for (const std::string& variable : exec.environment) {
    if (variable.find('=') == std::string::npos || variable[0] == '=') {
      throw std::invalid_argument("environment has '" + variable + "'; it takes NAME=value");
    }
  }
  if (!exec.folder.empty()) {
    exec.folder = path_in(folder, exec.folder);
  }
  declare_lines(wiring, stream_keys);
  wiring.writes.push_back({"exec.stream", Type::Text, "", "stdout or stderr", exec.watch != ExecWatch::Both});
  wiring.writes.push_back({"exec.pid", Type::Unsigned, "", "the number of the process that was started", true});
  wiring.writes.push_back({"exec.exit", Type::Integer, "",
                           "report_exit: its exit code, or 128 and the number of the signal", !exec.reports_exit});
}

/// Says when runs begin. *Rooms:* its front.
class Exec final : public Source, private RunOwner {
 public:
  explicit Exec(const ExecConfig& config) : config_(config), run_(config) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    run_.attach(feed, *this);
    due_ = feed.loop().now();
    launch();
  }
  void pause() override ROOM(front) { run_.pause(); }
  void resume() override ROOM(front) { run_.resume(); }
  /// What the program has written is read, and what it still writes when it is told to end.
  bool end() override ROOM(front) {
    due_watch_.stop();
    if (run_.is_on() && !is_ending_) {
      is_ending_ = true;
      run_.ask_end();
    }
    return run_.is_on();
  }
  void stop() override ROOM(front);

 private:
  void launch() ROOM(front);
  void on_due() ROOM(front);
  void run_ended(const Ending& ending, pid_t pid) override ROOM(front);
  void plan_next() ROOM(front);
  int64_t next_beat(int64_t now) ROOM(front);

  const ExecConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  ProgramRun run_ OWNED(front);
  Watcher due_watch_ OWNED(front);
  LogLimit end_limit_;
  LogLimit overrun_limit_;
  int64_t due_ OWNED(front) = 0;
  Restarts restarts_ OWNED(front);
  uint64_t runs_ OWNED(front) = 0;
  uint64_t failed_ OWNED(front) = 0;
  uint64_t truncated_ OWNED(front) = 0;
  bool is_ending_ OWNED(front) = false;
};

/// Throws SetupError.
void Exec::launch() {
  restarts_.begin(feed_->loop().now());
  runs_++;
  run_.launch();
}

void Exec::on_due() {
  due_watch_.stop();
  try {
    launch();
  } catch (const SetupError& error) {
    failed_++;
    if (auto pass = end_limit_.pass()) {
      log_event(Level::Error, "exec_failed",
                Fields()("instance", feed_->id())("reason", error.what())("suppressed", pass.suppressed));
    }
    plan_next();
  }
}

void Exec::run_ended(const Ending& ending, pid_t pid) {
  failed_ += ending.is_good() ? 0 : 1;
  Level level = ending.is_good() || is_ending_ ? Level::Info : Level::Warning;
  if (is_logged(level)) {
    if (auto pass = end_limit_.pass()) {
      log_event(level, "exec_ended",
                Fields()("instance", feed_->id())("pid", int64_t{pid})("with", ending.words())(
                    "after", show_duration(feed_->loop().now() - restarts_.begun()))("runs", runs_)("failed", failed_)(
                    "suppressed", pass.suppressed));
    }
  }
  if (run_.truncated() > truncated_) {
    log_event(Level::Warning, "lines_truncated",
              Fields()("instance", feed_->id())("rows", run_.truncated() - truncated_));
    truncated_ = run_.truncated();
  }
  if (is_ending_ || config_.mode == ExecMode::Once) {
    feed_->finish();
    return;
  }
  plan_next();
}

void Exec::plan_next() {
  int64_t now = feed_->loop().now();
  int64_t pause = 0;
  if (config_.mode == ExecMode::Interval) {
    pause = next_beat(now) - now;
  } else {
    pause = restarts_.pause(now);
  }
  due_watch_.on_time<&Exec::on_due>(feed_->loop(), this, pause);
}

/// Beats that a long run has missed are left out.
int64_t Exec::next_beat(int64_t now) {
  int64_t missed = (now - due_) / config_.interval.ns;
  due_ += (missed + 1) * config_.interval.ns;
  if (missed > 0) {
    if (auto pass = overrun_limit_.pass()) {
      log_event(Level::Warning, "exec_overran",
                Fields()("instance", feed_->id())("after", show_duration(now - restarts_.begun()))("left_out", missed)(
                    "suppressed", pass.suppressed));
    }
  }
  return due_;
}

void Exec::stop() {
  due_watch_.stop();
  uint64_t unread = run_.abandon();
  if (unread > 0) {
    feed_->lose(Loss::Pool, unread);
    log_event(Level::Warning, "exec_unread", Fields()("instance", feed_->id())("rows", unread));
  }
}

void needs_of(const void*, Needs& needs) {
  needs.runs_programs = true;
}

}  // namespace

extern const Plugin source_exec;
const Plugin source_exec = {
    .kind = Kind::Source,
    .name = "exec",
    .doc = "Runs a program, once, at intervals or for ever, and reads the lines it writes",
    .options = options,
    .primary = "command",
    .config = config_type<ExecConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Exec, ExecConfig>,
};

}  // namespace stook
