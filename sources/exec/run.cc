// SPDX-License-Identifier: Apache-2.0
#include "sources/exec/run.hh"

#include <signal.h>

#include <utility>

#include "core/base/clock.hh"
#include "core/base/log.hh"

namespace stook {

ProgramRun::ProgramRun(const ExecConfig& config)
    : config_(config), out_("stdout", config.max_line.bytes), err_("stderr", config.max_line.bytes) {}

void ProgramRun::attach(Feed& feed, RunOwner& owner) {
  feed_ = &feed;
  owner_ = &owner;
  murmur_ = std::make_unique<Murmur>(feed.id());
  std::string id = id_of_run(feed.id());
  out_.attach(feed, id + "1.");
  err_.attach(feed, id + "2.");
}

void ProgramRun::launch() {
  bool wants_out = config_.watch != ExecWatch::Stderr;
  Pipe out = wants_out ? open_pipe(true) : Pipe{};
  Pipe err = open_pipe(true);
  child_.start({config_.words, config_.environment, config_.folder, -1, out.write.get(), err.write.get()});
  if (wants_out) {
    out_.open(std::move(out.read), child_.pid());
  }
  if (config_.watch != ExecWatch::Stdout) {
    err_.open(std::move(err.read), child_.pid());
  } else {
    murmur_->open(std::move(err.read), child_.pid());
    murmur_watch_.on_readable<&ProgramRun::on_murmur>(feed_->loop(), this, murmur_->fd());
  }
  child_watch_.on_readable<&ProgramRun::on_child>(feed_->loop(), this, child_.ended_fd());
  if (config_.timeout.ns > 0) {
    timeout_watch_.on_time<&ProgramRun::on_timeout>(feed_->loop(), this, config_.timeout.ns);
  }
  arm();
}

void ProgramRun::pause() {
  is_paused_ = true;
  out_watch_.stop();
  err_watch_.stop();
}

void ProgramRun::resume() {
  is_paused_ = false;
  arm();
  settle();
}

void ProgramRun::on_child() {
  if (!child_.has_ended()) {
    return;
  }
  child_watch_.stop();
  timeout_watch_.stop();
  if (!grace_watch_.is_active()) {
    grace_watch_.on_time<&ProgramRun::on_grace>(feed_->loop(), this, grace);
  }
  settle();
}

void ProgramRun::on_murmur() {
  murmur_->read(feed_->loop().now());
  if (!murmur_->is_open()) {
    murmur_watch_.stop();
  }
}

void ProgramRun::on_timeout() {
  log_event(
      Level::Warning, "exec_timeout",
      Fields()("instance", feed_->id())("pid", int64_t{child_.pid()})("after", show_duration(config_.timeout.ns)));
  ask_end();
}

void ProgramRun::ask_end() {
  timeout_watch_.stop();
  child_.signal(SIGTERM);
  grace_watch_.on_time<&ProgramRun::on_grace>(feed_->loop(), this, grace);
}

/// The program had its time to end, or its descendants had theirs to close the pipe.
void ProgramRun::on_grace() {
  grace_watch_.stop();
  child_.signal(SIGKILL);
  // Whoever has left the group may hold the pipe for ever: what is in it now is the end.
  out_.cut();
  err_.cut();
  arm();
  settle();
}

template <auto F>
void ProgramRun::arm(ProgramOutput& output, Watcher& watcher) {
  if (!output.is_open() || is_paused_) {
    watcher.stop();
  } else if (output.wants_turn()) {
    watcher.on_idle<F>(feed_->loop(), this);
  } else {
    watcher.on_readable<F>(feed_->loop(), this, output.fd());
  }
}

void ProgramRun::arm() {
  arm<&ProgramRun::turn_out>(out_, out_watch_);
  arm<&ProgramRun::turn_err>(err_, err_watch_);
}

/// One bundle at the most, so that others get their turn. A pause comes from within `read`.
void ProgramRun::turn(ProgramOutput& output) {
  if (output.read()) {
    arm();
  }
  feed_->seal();
  settle();
}

/// Ends the run when there is nothing left to wait for.
void ProgramRun::settle() {
  if (!is_on() || out_.is_open() || err_.is_open() || !child_.has_ended() || !put_exit()) {
    return;
  }
  stop_watching();
  if (murmur_->is_open()) {
    murmur_->read(feed_->loop().now());
    murmur_->close(feed_->loop().now());
  }
  Ending ending = child_.ending();
  pid_t pid = child_.pid();
  child_.finish();
  owner_->run_ended(ending, pid);
}

/// False: the pool is empty.
bool ProgramRun::put_exit() {
  KeyId exit = feed_->out(exec_exit);
  if (!config_.reports_exit || exit == no_key) {
    return true;
  }
  Bundle* bundle = feed_->bundle();
  if (bundle == nullptr) {
    return false;
  }
  const Ending& ending = child_.ending();
  Row row = bundle->append();
  bundle->put(exit, row, Cell::of_integer(ending.signal != 0 ? 128 + ending.signal : ending.code));
  if (KeyId pid = feed_->out(exec_pid); pid != no_key) {
    bundle->put(pid, row, Cell::of_unsigned(static_cast<uint64_t>(child_.pid())));
  }
  if (KeyId time = feed_->out(line_recv_time); time != no_key) {
    bundle->put(time, row, Cell::of_time(wall_ns()));
  }
  feed_->seal();
  return true;
}

void ProgramRun::stop_watching() {
  for (Watcher* watcher : {&out_watch_, &err_watch_, &murmur_watch_, &child_watch_, &timeout_watch_, &grace_watch_}) {
    watcher->stop();
  }
}

uint64_t ProgramRun::abandon() {
  stop_watching();
  child_.finish();
  if (murmur_ && murmur_->is_open()) {
    murmur_->close(feed_->loop().now());
  }
  return out_.abandon() + err_.abandon();
}

}  // namespace stook
