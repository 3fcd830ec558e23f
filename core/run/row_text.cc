// SPDX-License-Identifier: Apache-2.0
#include "core/run/row_text.hh"

#include <algorithm>

#include "core/data/json_text.hh"

namespace stook {

namespace {
// Text that may stand without quotes: nobody takes it for another type, or for two values.
bool is_bare(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           std::string_view("_-./:+@").find(byte) != std::string_view::npos;
  });
}

void append_name(Payload& to, std::string_view name, RowForm form) {
  if (form == RowForm::Line && is_bare(name)) {
    to.append(name);
    return;
  }
  append_json(to, Cell::of_text(name), {});
}
}  // namespace

void append_value(Payload& to, const Cell& cell, RowForm form) {
  bool is_plain = form == RowForm::Line && cell.type == Type::Text && is_bare(cell.bytes());
  if (is_plain) {
    to.append(cell.bytes());
    return;
  }
  append_json(to, cell, {});
}

void append_row(Payload& to, const Bundle& bundle, const OpenKeys& keys, Row row, RowForm form) {
  bool is_json = form == RowForm::Json;
  bool is_first = true;
  if (is_json) {
    to.append('{');
  }
  for (size_t i = 0; i < keys.size(); i++) {
    auto id = static_cast<KeyId>(i);
    const Column* column = bundle.column(id);
    if (column == nullptr || !column->has(row)) {
      continue;
    }
    if (!is_first) {
      to.append(is_json ? ',' : ' ');
    }
    is_first = false;
    append_name(to, keys.name(id), form);
    to.append(is_json ? ':' : '=');
    append_value(to, (*column)[row], form);
  }
  if (is_json) {
    to.append('}');
  }
}

std::string quoted(std::string_view text) {
  Payload json;
  append_json(json, Cell::of_text(text), {});
  return std::string(json.bytes());
}

std::string padded(std::string_view text, size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

}  // namespace stook
