// SPDX-License-Identifier: Apache-2.0
#include "core/lua/isolate/isolated_run.hh"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "core/base/log.hh"
#include "core/base/status.hh"

namespace stook {

namespace {
constexpr int pipe_size = 256 * 1024;

std::string ending_of(const Ending& ending) {
  std::string words = "its process was ended by " + ending.words();
  if (ending.signal == 0) {
    return "its process ended with " + ending.words();
  }
  const char* name = ::sigabbrev_np(ending.signal);
  return name == nullptr ? words : words + " (" + name + ")";
}
}  // namespace

IsolatedRun::IsolatedRun(Feed& feed, ScriptBrief brief, const std::vector<Key>& keys, Tokens& tokens,
                         ScriptOwner& owner)
    : feed_(feed),
      brief_(std::move(brief)),
      keys_(keys),
      tokens_(tokens),
      owner_(owner),
      log_(feed.id()),
      bytes_(new char[read_size]),
      cutter_(brief_.limits.memory + margin),
      written_(feed, keys, tokens),
      time_(keys.size()) {
  for (size_t j = 0; j < keys.size(); j++) {
    time_ = keys[j].is_meta ? j : time_;
  }
}

void IsolatedRun::start() {
  try {
    launch();
  } catch (const SetupError& error) {
    has_settled_ = true;
    owner_.script_failed(error.what(), 0);
  }
}

void IsolatedRun::launch() {
  Pipe data = open_pipe(true);
  Pipe control = open_pipe(false);
  Pipe log = open_pipe(true);
  (void)::fcntl(data.read.get(), F_SETPIPE_SZ, pipe_size);
  // Its other end of the data pipe does not block either: it turns its loop meanwhile.
  ::fcntl(data.write.get(), F_SETFL, O_NONBLOCK);
  child_.start({{"/proc/self/exe", isolated_word, brief_.instance},
                {},
                {},
                control.read.get(),
                data.write.get(),
                log.write.get()});
  data_ = std::move(data.read);
  control_ = std::move(control.write);
  log_.open(std::move(log.read), child_.pid());
  words_.put(SlipKind::Brief, write_brief(brief_));
  brief_.text.clear();
  child_watch_.on_readable<&IsolatedRun::on_child>(feed_.loop(), this, child_.ended_fd());
  log_watch_.on_readable<&IsolatedRun::on_log>(feed_.loop(), this, log_.fd());
  arm();
  send();
}

void IsolatedRun::pause() {
  is_paused_ = true;
  arm();
  told_.tell(Told::Word::Pause, {});
  say_words();
}

void IsolatedRun::resume() {
  is_paused_ = false;
  if (has_settled_) {
    return;
  }
  told_.tell(Told::Word::Resume, {});
  say_words();
  if (take_all()) {
    arm();
  }
  feed_.seal();
  owner_.script_waits();
  settle();
}

void IsolatedRun::acknowledged() {
  if (told_.is_listening && !has_gone_ && !tokens_.final_one().empty()) {
    told_.tell(Told::Word::Commit, tokens_.final_one());
    say_words();
  }
}

bool IsolatedRun::end() {
  if (has_settled_) {
    return false;
  }
  if (!is_ending_) {
    is_ending_ = true;
    words_.put(SlipKind::Stop);
    send();
    begin_grace();
  }
  return true;
}

// It should be over soon: SIGTERM, and SIGKILL, when it is not.
void IsolatedRun::begin_grace() {
  if (!grace_watch_.is_active()) {
    grace_watch_.on_time<&IsolatedRun::on_grace>(feed_.loop(), this, grace, grace);
  }
}

void IsolatedRun::on_grace() {
  was_killed_ = std::exchange(was_termed_, true);
  child_.signal(was_killed_ ? SIGKILL : SIGTERM);
}

void IsolatedRun::stop() {
  end_watching();
  if (has_settled_) {
    return;
  }
  has_settled_ = true;
  child_.finish();
  log_.close();
  uint64_t rows = abandon();
  if (rows > 0) {
    feed_.lose(Loss::Pool, rows);
    log_event(Level::Warning, "script_unread", Fields()("instance", feed_.id())("rows", rows));
  }
}

void IsolatedRun::on_data() {
  if (read() && take_all()) {
    arm();
  }
  feed_.seal();
  owner_.script_waits();
  settle();
}

void IsolatedRun::on_log() {
  log_.read();
  if (!log_.is_open()) {
    log_watch_.stop();
  }
}

// It is taken away at once, as what it has sent may wait for long.
void IsolatedRun::on_child() {
  if (child_.has_ended()) {
    child_watch_.stop();
    ending_ = child_.ending();
    child_.finish();
    has_gone_ = true;
    settle();
  }
}

// What it was told and not asked for yet waits here, as the pipe may be full.
void IsolatedRun::say_words() {
  while (told_.is_listening && !has_gone_ && words_.size() == 0 && told_.has_any()) {
    Told::Word word = told_.take();
    if (word == Told::Word::Commit) {
      words_.put(SlipKind::Commit, told_.token);
    } else {
      words_.put(word == Told::Word::Pause ? SlipKind::Pause : SlipKind::Resume);
    }
    send();
  }
}

void IsolatedRun::send() {
  while (words_.size() > 0 && control_) {
    ssize_t put = ::write(control_.get(), words_.left().data(), words_.size());
    if (put > 0) {
      words_.take(static_cast<size_t>(put));
    } else if (put < 0 && errno == EAGAIN) {
      control_watch_.on_writable<&IsolatedRun::on_control>(feed_.loop(), this, control_.get());
      return;
    } else if (errno != EINTR) {
      control_.reset();  // it is not there any more, which on_child tells
    }
  }
  control_watch_.stop();
}

void IsolatedRun::on_control() {
  send();
  say_words();
}

void IsolatedRun::arm() {
  if (is_at_end_ || is_paused_ || !data_) {
    data_watch_.stop();
  } else if (!data_watch_.is_active()) {
    data_watch_.on_readable<&IsolatedRun::on_data>(feed_.loop(), this, data_.get());
  }
}

void IsolatedRun::settle() {
  bool has_more = !rows_.is_empty() || !is_at_end_ || is_paused_;
  if (has_settled_ || has_more || !has_gone_) {
    return;
  }
  has_settled_ = true;
  end_watching();
  written_.end();
  feed_.seal();
  log_.close();
  if (verdict_ == Verdict::Ended) {
    owner_.script_ended();
    return;
  }
  if (was_killed_ && verdict_ == Verdict::None) {
    message_ = "it did not end within two seconds of being asked to, and its process was killed";
  } else if (verdict_ == Verdict::None) {
    message_ = ending_of(ending_);
  }
  owner_.script_failed(message_, line_);
}

void IsolatedRun::end_watching() {
  for (Watcher* watcher : {&data_watch_, &log_watch_, &child_watch_, &control_watch_, &grace_watch_}) {
    watcher->stop();
  }
}

}  // namespace stook
