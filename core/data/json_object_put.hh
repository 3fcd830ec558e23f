// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The JSON text of an Object cell into msgpack: behind put_cell.
#pragma once

#include <string_view>

namespace stook {

/// Writes the msgpack and returns the end; no token becomes more than three times as long (`-0,`), so that three times
/// the size is room enough.
/// REQUIRES: a text that object.hh allows in a cell. Another one makes msgpack of no meaning, within that room.
char* put_json_object(char* to, std::string_view text);

}  // namespace stook
