// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Values from text: by a type that is asked for, or by the form they are written in.
#pragma once

#include <string_view>

#include "core/data/type.hh"

namespace stook {

/// What read_cell knows, for messages.
inline constexpr const char* readable_types = "text, bytes, integer, unsigned, real or boolean";
bool is_readable(Type type);

/// Reads all of the text as a value of that type; false when it is none. Integers are decimal with an optional minus,
/// reals also `1e6`, `inf` and `nan`, booleans `true` or `false`. Text and bytes are slices of what was given.
/// Cost: no allocation.
[[nodiscard]] bool read_cell(Type type, std::string_view text, Cell& cell);

/// Reads a value that shows its type by its form: `-5`, `18446744073709551615`, `1.5`, `1e6`, `true`, `false`, `null`.
/// False for all other text. A number that no 64-bit type holds is Text with `is_number`.
[[nodiscard]] bool read_literal(std::string_view text, Cell& cell);

}  // namespace stook
