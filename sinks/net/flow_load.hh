// SPDX-License-Identifier: Apache-2.0
/// A shipment of flow records on its way into messages: which are ready, and which rows are behind them. Room: its sink's
/// carrier.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/api/sink.hh"
#include "sinks/net/flow_packer.hh"

namespace stook {

/// A place within a shipment, before a record.
struct FlowPlace {
  size_t payload = 0;
  size_t row = 0;
  /// Bytes of the row whose records are in messages already: a row may have two.
  size_t done = 0;
};

struct ReadyMessage {
  std::string bytes;
  uint32_t records;
  /// Its first record.
  FlowPlace begin;
};

/// *Invariants:* messages that are ready are not sent, in order; what comes next stands right behind them.
class FlowLoad {
 public:
  static constexpr size_t most_ready = 64;

  explicit FlowLoad(const FlowPacking& packing) : packer_(packing) {}

  /// Another shipment than before. REQUIRES: no message is ready.
  void begin();
  /// Packs what comes next, until enough messages are ready. Wait for more rows it does not.
  void pack(Shipment shipment);
  const std::deque<ReadyMessage>& ready() const { return ready_; }
  /// The first so many messages are sent.
  void drop(size_t count) { ready_.erase(ready_.begin(), ready_.begin() + static_cast<ptrdiff_t>(count)); }
  /// A new connection: what was not sent is packed again, with templates and a new sequence.
  void begin_session();
  /// What is ready will not be sent: it does not count.
  void let_go();
  /// Rows that are no flow records.
  const std::vector<RefusedRow>& refused() const { return refused_; }

 private:
  void finish(const FlowPlace& begin, int64_t now);
  void refuse(Shipment shipment, const FlowPlace& place);

  FlowPacker packer_;
  FlowPlace next_;
  std::deque<ReadyMessage> ready_;
  std::vector<RefusedRow> refused_;
};

}  // namespace stook
