// SPDX-License-Identifier: Apache-2.0
/// A shipment on its way into a stream: what comes next, and which rows the peer is known to have.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/sink.hh"
#include "sinks/net/frames.hh"
#include "sinks/net/offered.hh"

namespace stook {

/// *Invariants:* rows before `begin_` are at the peer and are not sent again; a connection begins with a whole row.
/// *Rooms:* its sink's carrier.
class Cargo {
 public:
  /// `is_gathered`: rows are copied together even where they could be sent from where they are. `header`: the first
  /// frame of each connection, or empty.
  Cargo(const RowFrames& frames, bool is_gathered, std::string_view header)
      : frames_(frames), is_gathered_(is_gathered), header_(header) {}

  /// Takes a shipment. False: it is another one than that at hand; nothing of it has been sent.
  bool take(Shipment shipment);
  /// A new connection: the header, and then what the peer is not known to have.
  void restart();
  /// A row is sent in part: what comes next on this connection has to be its rest.
  bool is_within_row() const { return !parts_.empty() && done_ > 0; }

  bool has_more() const { return !parts_.empty() || next_.payload < shipment_.size() || is_header_due_; }
  /// The bytes that come next, the same until they are sent. REQUIRES: has_more().
  std::span<const iovec> next();
  /// So many of them are sent.
  void advance(size_t bytes);
  /// So many bytes went to this connection since the shipment was taken or the connection began.
  uint64_t sent() const { return sent_; }
  /// The first so many of those are at the peer.
  void acknowledge(uint64_t bytes);
  /// Nothing more is remembered.
  void forget();

 private:
  struct Place {
    size_t payload = 0;
    size_t row = 0;
  };
  void gather();
  bool pass_through();
  void step(Place& place) const;

  RowFrames frames_;
  bool is_gathered_;
  std::string header_;
  Offered offered_;
  Shipment shipment_;
  Place begin_;               // the first row that the peer is not known to have
  Place pass_;                // where `sent_` began to count
  Place next_;                // the first row that is not in `parts_` and not sent
  std::vector<iovec> parts_;  // what comes next
  std::string buffer_;        // its bytes, when they are copied
  size_t done_ = 0;           // of parts_, sent
  size_t size_ = 0;           // of parts_
  uint64_t sent_ = 0;
  uint64_t header_sent_ = 0;  // of those, the header's
  bool is_header_due_ = false;
};

}  // namespace stook
