// SPDX-License-Identifier: Apache-2.0
#include "sinks/exec/stream_form.hh"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
/// How long the program has to end after the end of its input, and then after SIGTERM: together less than the three
/// seconds after which the engine leaves a sink behind.
constexpr int64_t input_patience = 2 * second;
constexpr int64_t term_patience = second / 2;
constexpr size_t answer_most = 512;

bool ends_line(Shipment shipment) {
  for (size_t i = shipment.size(); i > 0; i--) {
    if (shipment[i - 1]->size() > 0) {
      return shipment[i - 1]->bytes().back() == '\n';
    }
  }
  return true;
}

}  // namespace

StreamForm::StreamForm(const ExecSinkConfig& config, const Make& make)
    : config_(config), id_(make.id), header_(make.header), program_(config, make) {}

void StreamForm::open() {
  if (!program_.is_on() && !ready()) {
    throw SetupError(reason);
  }
}

/// Whether a program runs. One that has ended is told and replaced.
bool StreamForm::ready() {
  if (program_.is_on() && program_.has_ended()) {
    fall();
  }
  if (program_.is_on()) {
    return true;
  }
  retry_after = 0;
  if (!program_.start({}, true, is_confirmed())) {
    reason = program_.reason();
    retry_after = program_.pause_left();
    return false;
  }
  header_done_ = 0;
  moved_ = monotonic_ns();
  return true;
}

/// The program is gone, and with it what it had not read. The shipment at hand is sent again from its begin.
void StreamForm::fall() {
  int unread = 0;
  if (!is_confirmed() && program_.in() >= 0 && ioctl(program_.in(), FIONREAD, &unread) == 0) {
    size_t of_this = header_done_ + written_;
    size_t lost = static_cast<size_t>(unread) > of_this ? static_cast<size_t>(unread) - of_this : 0;
    if (lost > 0) {
      log_event(Level::Error, "program_unread", Fields()("instance", id_)("bytes", uint64_t{lost}));
    }
  }
  program_.finish();
  written_ = 0;
  header_done_ = 0;
  end_done_ = 0;
  is_asked_ = false;
}

StreamForm::Step StreamForm::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(program_.in(), bytes.data(), bytes.size());
    if (put > 0) {
      bytes.remove_prefix(static_cast<size_t>(put));
      before_ += static_cast<size_t>(put);
      moved_ = monotonic_ns();
    } else if (errno == EAGAIN) {
      return Step::Full;
    } else if (errno != EINTR) {
      return Step::Gone;
    }
  }
  return Step::Whole;
}

/// Goes on where the last call has stopped.
StreamForm::Step StreamForm::write_all(Shipment shipment) {
  before_ = header_done_;
  Step step = write(std::string_view(header_).substr(header_done_));
  header_done_ = before_;
  before_ = 0;
  for (size_t i = 0; i < shipment.size() && step == Step::Whole; i++) {
    std::string_view bytes = shipment[i]->bytes();
    if (before_ + bytes.size() <= written_) {
      before_ += bytes.size();
      continue;
    }
    size_t at = written_ - before_;
    before_ = written_;
    step = write(bytes.substr(at));
    written_ = before_;
  }
  return step;
}

StreamForm::Step StreamForm::write_end(Shipment shipment) {
  if (end_done_ == 0) {
    // Rows of some formats have no newline.
    end_ = (ends_line(shipment) ? "" : "\n") + config_.batch_end + "\n";
    // What was said before the program could know of the end answers nothing.
    read_answer();
    answer_.clear();
  }
  before_ = end_done_;
  Step step = write(std::string_view(end_).substr(end_done_));
  end_done_ = before_;
  is_asked_ = step == Step::Whole;
  return step;
}

/// Whether a whole line is there; what is behind it is forgotten.
bool StreamForm::read_answer() {
  char piece[512];
  for (ssize_t got; (got = ::read(program_.out(), piece, sizeof piece)) > 0;) {
    moved_ = monotonic_ns();
    answer_.append(piece, std::min(static_cast<size_t>(got), answer_most - std::min(answer_most, answer_.size())));
    if (std::find(piece, piece + got, '\n') != piece + got) {
      answer_.resize(std::min(answer_.find('\n'), answer_.size()));
      return true;
    }
  }
  return false;
}

Outcome StreamForm::answered() {
  written_ = 0;
  end_done_ = 0;
  is_asked_ = false;
  std::string_view said = trim(answer_);
  std::string word = lower(said.substr(0, said.find_first_of(" \t:")));
  reason = config_.words[0] + " answered: " + std::string(said);
  retry_after = 0;
  if (word == "ok") {
    return Outcome::Done;
  }
  if (word == "refused") {
    return Outcome::Refused;
  }
  if (word != "again") {
    reason += "; ok, again or refused would be right";
  }
  return Outcome::Again;
}

Outcome StreamForm::gone() {
  std::string why = config_.words[0] + " has closed its standard input";
  if (program_.has_ended()) {
    why = config_.words[0] + " has ended with " + program_.ending().words();
  }
  fall();
  return again(why, program_.pause_left());
}

Outcome StreamForm::deliver(Shipment shipment) {
  if (!ready()) {
    return Outcome::Again;
  }
  // What was written is waited for as long as it may take; a program that does not read is told of earlier.
  int64_t begin = monotonic_ns();
  while (true) {
    Step step = is_asked_ ? Step::Whole : write_all(shipment);
    if (step == Step::Whole && is_confirmed() && !is_asked_) {
      step = write_end(shipment);
    }
    if (step == Step::Gone) {
      return gone();
    }
    if (step == Step::Whole && !is_confirmed()) {
      written_ = 0;
      program_.listen();
      return Outcome::Done;
    }
    if (is_asked_ && read_answer()) {
      return answered();
    }
    if (program_.has_ended()) {
      return gone();
    }
    int64_t now = monotonic_ns();
    if (is_confirmed() && now - moved_ >= config_.timeout.ns) {
      program_.end(second);
      fall();
      return again(config_.words[0] + " has not answered for " + show_duration(config_.timeout.ns) + " and was ended",
                   0);
    }
    int64_t deadline = is_asked_ ? moved_ + config_.timeout.ns : begin + SinkProgram::read_patience;
    if (program_.is_over(deadline)) {
      return again(config_.words[0] + (is_asked_ ? " has not answered yet" : " does not read"), 1);
    }
    program_.wait(step == Step::Full, is_asked_, deadline);
  }
}

void StreamForm::forget() {
  // A new shipment must not begin in the middle of a row, nor be answered for this one.
  if (program_.is_on() && (written_ > 0 || is_asked_)) {
    program_.end(second);
    fall();
  }
}

void StreamForm::on_time() {
  program_.listen();
  if (program_.has_ended()) {
    fall();
  }
}

void StreamForm::close() {
  if (!program_.is_on()) {
    return;
  }
  // The end of its input is the usual way to end a program, once it has taken all there is.
  bool is_behind = written_ > 0 || is_asked_;
  program_.close_in();
  int64_t deadline = monotonic_ns() + (is_behind ? 0 : input_patience);
  while (!program_.has_ended() && monotonic_ns() < deadline) {
    program_.wait(false, false, deadline);
  }
  program_.has_ended() ? program_.finish() : program_.end(term_patience);
}

}  // namespace stook
