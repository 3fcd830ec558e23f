// SPDX-License-Identifier: Apache-2.0
/// A run of the program for each shipment, with a file of its rows. Room: the sink's carrier.
///
/// The program gets the name of the file as its last argument, and with `output` the name of a second one, which it
/// makes: what it writes there is appended to `output` when it ends with 0. Exit codes: 0 delivered; 65 (EX_DATAERR)
/// refused; 78 (EX_CONFIG), 126 and 127 misconfigured; all others, and signals, again.
#pragma once

#include <string>

#include "sinks/exec/program.hh"

namespace stook {

/// *Invariants:* while the program runs its file holds the shipment that is offered; both files lie in a folder of the
/// sink's own, which is there from `open` to `close`.
/// *Rooms:* its carrier.
class FileForm final : public ProgramForm {
 public:
  FileForm(const ExecSinkConfig& config, const Make& make);

  void open() override ROOM(carrier);
  Outcome deliver(Shipment shipment) override ROOM(carrier);
  void forget() override ROOM(carrier);
  void close() override ROOM(carrier);
  bool is_on() const override ROOM(carrier) { return program_.is_on(); }

 private:
  bool begin(Shipment shipment) ROOM(carrier);
  bool write_rows(Shipment shipment) ROOM(carrier);
  Outcome ended() ROOM(carrier);
  bool take_output() ROOM(carrier);
  bool fail(const char* what, const std::string& path) ROOM(carrier);
  void clean() ROOM(carrier);

  const ExecSinkConfig& config_;
  std::string header_;
  SinkProgram program_;
  std::string folder_;
  std::string in_;
  std::string out_;
  int64_t started_ = 0;
};

}  // namespace stook
