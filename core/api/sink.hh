// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What a sink is: the carrier's half, which may block.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/room.hh"
#include "core/base/status.hh"
#include "core/data/payload.hh"

namespace stook {

/// Payloads offered together, in the order of their lanes.
using Shipment = std::span<Payload* const>;

/// A row that is refused while the others of its shipment are delivered. Rows are counted from 0 over all payloads; one
/// that is not divisible counts as one row.
struct RefusedRow {
  size_t row;
  std::string reason;
};

/// Delivers payloads. *Rooms:* its carrier, always.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Opens what it writes to. Throws SetupError; the carrier tries again with back-off.
  virtual void open() ROOM(carrier) = 0;
  /// Done: delivered, in this sink's meaning. Again, Misconfigured, Broken: the same shipment is offered later, and the
  /// sink remembers how far it got, to the byte. Refused: will never be taken; the same rows are offered again in smaller
  /// shipments, down to the single row (Payload::whole), in their order, unless `refuses_all`.
  virtual Outcome deliver(Shipment shipment) ROOM(carrier) = 0;
  /// One sentence on the last answer that was not Done: what failed, and errno in words; for Misconfigured what to change.
  virtual std::string reason() const ROOM(carrier) { return {}; }
  /// How long the peer asks to wait before the next offer (ns), 0 when it does not say.
  virtual int64_t retry_after() const ROOM(carrier) { return 0; }
  /// Whether the last Refused holds for each row that was offered, so that asking for each is of no use.
  virtual bool refuses_all() const ROOM(carrier) { return false; }
  /// After a Refused: the rows, in ascending order, that will never be taken, while all others of the shipment are
  /// delivered. Empty: the sink does not know. Valid until the next call.
  virtual std::span<const RefusedRow> refused_rows() const ROOM(carrier) { return {}; }
  /// So many bytes are offered together at the most, unless one payload has more.
  virtual size_t shipment_bytes() const ROOM(carrier) { return SIZE_MAX; }
  /// What was answered Again is not offered again: others have taken care of it.
  virtual void forget(Shipment /*shipment*/) ROOM(carrier) {}
  /// SIGHUP and SIGUSR1: open again by path.
  virtual void reopen() ROOM(carrier) {}
  /// The next time (ns, monotonic) at which `on_time` wants to be called, or -1.
  virtual int64_t next_time() ROOM(carrier) { return -1; }
  virtual void on_time(int64_t /*monotonic_now*/) ROOM(carrier) {}
  /// After the last delivery.
  virtual void close() ROOM(carrier) {}
};

}  // namespace stook
