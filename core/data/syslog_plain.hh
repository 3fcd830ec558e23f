// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Structured data of RFC 5424 as JSON text, where that takes no escapes.
#pragma once

#include <cstddef>
#include <string_view>

namespace stook {

/// What was written, and of how much of the text; 0 of none.
struct PlainData {
  size_t written = 0;
  size_t taken = 0;
};

/// The room that structured data at the head of so long a text may take.
size_t plain_data_room(size_t size);
/// Writes structured data at the head of a text as one object of ids, names and values. It takes none that is malformed,
/// needs escapes or is longer than 512 bytes. REQUIRES: plain_data_room at `to`.
PlainData write_plain_data(std::string_view text, char* to);

}  // namespace stook
