// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Delivery: brings payloads to one sink, in order, and offers each until it is final.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/api/codec.hh"
#include "core/api/sink.hh"
#include "core/base/log.hh"
#include "core/base/meter.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/pulse.hh"

namespace stook {

/// What a sink has done. One writer: the carrier that delivers to it.
struct SinkMeter {
  Counter payloads;
  Counter rows;   // delivered
  Counter bytes;  // delivered
  Counter retries;
  Counter refused_rows;
  Counter abandoned_rows;  // dropped because the sink went away and had not taken them in time
  Counter deliveries;
  Counter ns;        // inside deliver
  Gauge is_failing;  // 1 while the last answer was Again
  Histogram age;     // µs from sealing to Done
  Pulse pulse;
};

/// *Invariants:* what waits is offered from the oldest on; nothing is offered before all before it is final.
/// *Rooms:* the carrier that owns it, from `open` on.
class Delivery {
 public:
  /// Is told of each payload, once, when it is final.
  using Finish = std::function<void(Payload*, Fate)>;

  Delivery(const Instance& instance, SinkMeter& meter, Finish finish);

  /// Makes the sink and opens it. Throws what that throws.
  void open() ROOM(carrier);
  void reopen() ROOM(carrier);
  void close() ROOM(carrier) { sink_->close(); }

  /// Puts a payload behind those that wait.
  void take(Payload* payload) ROOM(carrier) {
    waiting_.push_back(payload);
    meter_.pulse.take(payload->sealed_at);
  }
  /// The most payloads that should wait: more than a shipment takes.
  bool has_room() const ROOM(carrier) { return waiting_.size() < most_waiting; }
  bool is_idle() const ROOM(carrier) { return waiting_.empty(); }
  /// Runs the sink's clock, and offers what waits unless it is too early. True when it was offered.
  bool serve() ROOM(carrier);
  /// Gives up all that waits: it is counted as abandoned. True when there was anything.
  bool drop() ROOM(carrier);
  /// When `serve` has something to do by itself (ns, monotonic), or -1.
  int64_t wake_at() ROOM(carrier);

 private:
  static constexpr size_t most_waiting = 256;

  bool offer(Shipment shipment) ROOM(carrier);
  void refuse(Shipment shipment) ROOM(carrier);
  void back_off() ROOM(carrier);

  const Instance& instance_;
  SinkMeter& meter_;
  Finish finish_;
  std::unique_ptr<Codec> header_codec_;
  std::unique_ptr<Sink> sink_;
  std::vector<Payload*> waiting_;  // the oldest first
  size_t singly_ = 0;              // so many of the oldest are offered one by one, after a refusal
  int64_t retry_at_ = -1;
  int64_t pause_ = 0;
  uint32_t random_ = 1;
  LogLimit again_limit_{1};
};

}  // namespace stook
