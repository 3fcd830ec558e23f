// SPDX-License-Identifier: Apache-2.0
/// Floor 4. One row of a bundle as a line for people or as a JSON object, all of its keys included.
#pragma once

#include <string>
#include <string_view>

#include "core/base/room.hh"
#include "core/data/bundle.hh"
#include "core/data/payload.hh"
#include "core/data/schema.hh"

namespace stook {

/// Line: `status=404 path=/x agent="curl 7"`; Json: `{"status":404,…}`, as the codec `json` writes it.
enum class RowForm : uint8_t { Line, Json };

/// Appends the row without an end of line; keys in the order of their numbers, those about the row included.
void append_row(Payload& to, const Bundle& bundle, const OpenKeys& keys, Row row, RowForm form) ROOM(worker);
/// Appends one value as it stands in such a row.
void append_value(Payload& to, const Cell& cell, RowForm form);
/// Text as it stands in JSON, quotes included.
std::string quoted(std::string_view text);
/// Text with blanks behind it: so many columns, and one more than it has at least.
std::string padded(std::string_view text, size_t width);

}  // namespace stook
