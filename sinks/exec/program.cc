// SPDX-License-Identifier: Apache-2.0
#include "sinks/exec/program.hh"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr int64_t pause_first = second / 5;
constexpr int64_t pause_most = 60 * second;
constexpr int64_t wait_most = 60 * second;
/// A run of this length was a good one.
constexpr int64_t good_run = 10 * second;

}  // namespace

SinkProgram::SinkProgram(const ExecSinkConfig& config, const Make& make)
    : config_(config), id_(make.id), murmur_(make.id), hurry_(make.hurry) {}

int64_t SinkProgram::pause_left() const {
  return std::max<int64_t>(not_before_ - monotonic_ns(), 0);
}

bool SinkProgram::start(const std::vector<std::string>& more, bool wants_in, bool wants_out) {
  if (pause_left() > 0) {
    reason_ = config_.words[0] + " ended a moment ago and is started again after a pause";
    return false;
  }
  started_ = monotonic_ns();
  try {
    Pipe in = wants_in ? open_pipe(false) : Pipe{};
    Pipe out = wants_out ? open_pipe(true) : Pipe{};
    Pipe err = open_pipe(true);
    std::vector<std::string> words = config_.words;
    words.insert(words.end(), more.begin(), more.end());
    child_.start({words, config_.environment, config_.folder, in.read.get(), out.write.get(), err.write.get()});
    in_ = std::move(in.write);
    out_ = std::move(out.read);
    murmur_.open(std::move(err.read), child_.pid());
    runs_++;
    return true;
  } catch (const SetupError& error) {
    reason_ = error.what();
    return false;
  }
}

void SinkProgram::wait(bool wants_in, bool wants_out, int64_t deadline) {
  int64_t left = std::clamp<int64_t>(deadline - monotonic_ns(), 0, wait_most);
  pollfd watched[5];
  nfds_t count = 0;
  if (hurry_ >= 0 && !is_hurried_) {
    watched[count++] = {hurry_, POLLIN, 0};
  }
  watched[count++] = {child_.ended_fd(), POLLIN, 0};
  if (murmur_.is_open()) {
    watched[count++] = {murmur_.fd(), POLLIN, 0};
  }
  if (wants_in && in_) {
    watched[count++] = {in_.get(), POLLOUT, 0};
  }
  if (wants_out && out_) {
    watched[count++] = {out_.get(), POLLIN, 0};
  }
  (void)::poll(watched, count, static_cast<int>((left + 999'999) / 1'000'000));
  listen();
}

bool SinkProgram::is_over(int64_t deadline) {
  pollfd hurry{hurry_, POLLIN, 0};
  is_hurried_ = is_hurried_ || (hurry_ >= 0 && ::poll(&hurry, 1, 0) > 0);
  return is_hurried_ || monotonic_ns() >= deadline;
}

void SinkProgram::listen() {
  if (murmur_.is_open()) {
    murmur_.read(monotonic_ns());
  }
}

void SinkProgram::end(int64_t patience) {
  if (!is_on()) {
    return;
  }
  child_.signal(SIGTERM);
  for (int64_t deadline = monotonic_ns() + patience; !child_.has_ended() && monotonic_ns() < deadline;) {
    wait(false, false, deadline);
  }
  finish();
}

void SinkProgram::finish() {
  if (!is_on()) {
    return;
  }
  listen();
  if (murmur_.is_open()) {
    murmur_.close(monotonic_ns());
  }
  int64_t now = monotonic_ns();
  bool has_ended = child_.has_ended();
  if (config_.form == ExecForm::Stream) {
    bool was_good = now - started_ >= good_run;
    back_off_ = back_off_ == 0 || was_good ? pause_first : std::min(2 * back_off_, pause_most);
    not_before_ = now + back_off_;
  }
  Level level = has_ended && child_.ending().is_good() ? Level::Info : Level::Warning;
  static LogLimit limit;
  if (is_logged(level)) {
    if (auto pass = limit.pass()) {
      log_event(level, "program_ended",
                Fields()("instance", id_)("pid", int64_t{child_.pid()})(
                    "with", has_ended ? child_.ending().words() : "signal 9")("after", show_duration(now - started_))(
                    "runs", runs_)("suppressed", pass.suppressed));
    }
  }
  in_.reset();
  out_.reset();
  child_.finish();
}

}  // namespace stook
