// SPDX-License-Identifier: Apache-2.0
/// The rows of a shipment as messages of the forward protocol: `[tag, bytes, {"chunk", "size", "compressed"}]`.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "core/api/sink.hh"

namespace stook {

/// Rows of one tag. The id is drawn once, and the chunk keeps it however often it is sent.
struct ForwardChunk {
  std::string id;
  std::string message;
  bool is_acknowledged = false;
};

/// Chunks of at most about half a MiB before they are packed, so that a receiver's limits are far. Empty when rows are
/// not of the codec `forward`. Throws SetupError when there are no random bytes.
std::deque<ForwardChunk> make_chunks(Shipment shipment, bool is_packed);

/// Takes whole values from the front of what came, and marks chunks that they acknowledge.
void take_acknowledgements(std::string& received, std::deque<ForwardChunk>& chunks);

/// The first whole value of what came, taken away; empty when there is none.
std::string take_value(std::string& received);

}  // namespace stook
