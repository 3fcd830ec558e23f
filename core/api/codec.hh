// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What a codec is: the worker's half of a sink.
#pragma once

#include <string_view>

#include "core/base/room.hh"
#include "core/data/batch.hh"
#include "core/data/payload.hh"

namespace stook {

/// Turns selected rows into bytes. One replica per worker.
class Codec {
 public:
  virtual ~Codec() = default;
  /// Appends all selected rows to the payload's open part, and ends each with `end_row`, unless nothing is written for
  /// any row. The rows are counted by the caller.
  /// Rows that cannot be encoded are named by batch.fault.
  virtual void encode(Batch& batch, Payload& payload) ROOM(worker) = 0;
  /// What stands at the head of a new file or connection (a CSV header line), else empty. Lives as long as the codec.
  virtual std::string_view header() const { return {}; }
};

}  // namespace stook
