// SPDX-License-Identifier: Apache-2.0
/// The program of a sink, and what its two forms have in common. Room: the sink's carrier.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/child.hh"
#include "core/api/murmur.hh"
#include "core/api/plugin.hh"
#include "sinks/exec/config.hh"

namespace stook {

/// A program with a pipe to its standard input and one from its standard output, where they are wanted, whose standard
/// error goes to the log.
/// *Rooms:* its carrier.
class SinkProgram {
 public:
  /// So long a call waits at the most for a program that does not read, before it says so.
  static constexpr int64_t read_patience = 5'000'000'000;

  /// `make.hurry`: from when it is readable on, no call waits any more.
  SinkProgram(const ExecSinkConfig& config, const Make& make);

  /// Starts it with these arguments behind those of the configuration. False: `reason` says why; after runs that were
  /// short it is only started again after a pause, `wait` ns from now.
  [[nodiscard]] bool start(const std::vector<std::string>& more, bool wants_in, bool wants_out) ROOM(carrier);
  bool is_on() const ROOM(carrier) { return child_.is_started(); }
  bool has_ended() ROOM(carrier) { return child_.has_ended(); }
  const Ending& ending() const ROOM(carrier) { return child_.ending(); }
  int in() const ROOM(carrier) { return in_.get(); }
  int out() const ROOM(carrier) { return out_.get(); }
  void close_in() ROOM(carrier) { in_.reset(); }
  /// Whether a call that began to wait for something until `deadline` has to come back.
  bool is_over(int64_t deadline) ROOM(carrier);
  /// Waits until the program reads, writes or ends, whatever is watched, or until `deadline`; takes in what it says.
  void wait(bool wants_in, bool wants_out, int64_t deadline) ROOM(carrier);
  /// Logs what is on its standard error.
  void listen() ROOM(carrier);
  /// Sends SIGTERM, gives it a moment, kills what is left, and tells how it ended.
  void end(int64_t patience) ROOM(carrier);
  /// Tells how it ended and forgets it; nothing when none is on. REQUIRES: it has ended, or is to be killed.
  void finish() ROOM(carrier);

  const std::string& reason() const ROOM(carrier) { return reason_; }
  int64_t pause_left() const ROOM(carrier);

 private:
  const ExecSinkConfig& config_;
  std::string id_;
  Child child_;
  Fd in_;
  Fd out_;
  Murmur murmur_;
  std::string reason_;
  int hurry_;
  bool is_hurried_ = false;
  int64_t started_ = 0;
  int64_t back_off_ = 0;
  int64_t not_before_ = 0;
  uint64_t runs_ = 0;
};

/// How rows reach the program.
class ProgramForm {
 public:
  virtual ~ProgramForm() = default;
  virtual void open() ROOM(carrier) = 0;
  /// As Sink::deliver.
  virtual Outcome deliver(Shipment shipment) ROOM(carrier) = 0;
  virtual void forget() ROOM(carrier) = 0;
  virtual void on_time() ROOM(carrier) {}
  virtual void close() ROOM(carrier) = 0;
  virtual bool is_on() const ROOM(carrier) = 0;

  std::string reason;
  /// How long until the next look is of use (ns), 0: no opinion.
  int64_t retry_after = 0;

 protected:
  Outcome again(std::string why, int64_t after) ROOM(carrier) {
    reason = std::move(why);
    retry_after = after;
    return Outcome::Again;
  }
};

}  // namespace stook
