// SPDX-License-Identifier: Apache-2.0
/// Rows into the standard input of one program that goes on running. Room: the sink's carrier.
///
/// With `confirm=line` a shipment is followed by a newline, if it does not end with one, and a line `batch_end` (empty by default), and then the program writes one
/// line: `ok`, `again` or `refused`, in any case, and behind it why. What it wrote before the end of the batch does not
/// count.
#pragma once

#include <string>

#include "sinks/exec/program.hh"

namespace stook {

/// *Invariants:* `written_` bytes of the header, the shipment and the end of the batch, in this order, have been taken by
/// the pipe of the program that runs now.
/// *Rooms:* its carrier.
class StreamForm final : public ProgramForm {
 public:
  StreamForm(const ExecSinkConfig& config, const Make& make);

  void open() override ROOM(carrier);
  Outcome deliver(Shipment shipment) override ROOM(carrier);
  void forget() override ROOM(carrier);
  void on_time() override ROOM(carrier);
  void close() override ROOM(carrier);
  bool is_on() const override ROOM(carrier) { return program_.is_on(); }

 private:
  enum class Step : uint8_t { Whole, Full, Gone };
  bool ready() ROOM(carrier);
  Step write(std::string_view bytes) ROOM(carrier);
  Step write_all(Shipment shipment) ROOM(carrier);
  Step write_end(Shipment shipment) ROOM(carrier);
  bool read_answer() ROOM(carrier);
  Outcome answered() ROOM(carrier);
  Outcome gone() ROOM(carrier);
  void fall() ROOM(carrier);
  bool is_confirmed() const { return config_.confirm == ExecConfirm::Line; }

  const ExecSinkConfig& config_;
  std::string id_;
  std::string header_;
  std::string end_;
  SinkProgram program_;
  std::string answer_;
  size_t header_done_ = 0;
  size_t written_ = 0;  // of the shipment
  size_t before_ = 0;   // of the shipment, while it is walked
  size_t end_done_ = 0;
  int64_t moved_ = 0;  // when the program last took or said something
  bool is_asked_ = false;
};

}  // namespace stook
