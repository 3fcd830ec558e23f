// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Tables of text: aligned columns, markdown and JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/option.hh"
#include "core/plan/describe.hh"

namespace stook {

using Cells = std::vector<std::string>;

/// Rows under their head as aligned text or as a markdown table; columns that are empty all the way down are left out.
/// No head: rows only.
std::string show_rows(const Cells& head, const std::vector<Cells>& rows, Layout layout);
/// The same as a JSON array of objects with the head's names; empty cells are left out.
std::string json_rows(const Cells& head, const std::vector<Cells>& rows);
/// A JSON string.
std::string json_text(std::string_view text);

/// Options as rows: name, kind, default, what.
const Cells& option_head();
std::vector<Cells> option_rows(std::span<const Option> options);
/// Options as a JSON array, with range and choices.
std::string json_options(std::span<const Option> options);

}  // namespace stook
