// SPDX-License-Identifier: Apache-2.0
#include "core/api/literal.hh"

#include <charconv>

#include "core/api/json.hh"

namespace stook {

namespace {
template <class T>
bool read_all(std::string_view text, T& value) {
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}
}  // namespace

bool is_readable(Type type) {
  switch (type) {
    case Type::Boolean:
    case Type::Integer:
    case Type::Unsigned:
    case Type::Real:
    case Type::Text:
    case Type::Bytes:
      return true;
    default:
      return false;
  }
}

bool read_cell(Type type, std::string_view text, Cell& cell) {
  cell = Cell::of_slice(type, text);
  switch (type) {
    case Type::Text:
    case Type::Bytes:
      return true;
    case Type::Boolean:
      cell = Cell::of_boolean(text == "true");
      return text == "true" || text == "false";
    case Type::Integer:
      cell = Cell::of_integer(0);
      return read_all(text, cell.integer);
    case Type::Unsigned:
      cell = Cell::of_unsigned(0);
      return read_all(text, cell.bits);
    case Type::Real:
      cell = Cell::of_real(0);
      return read_all(text, cell.real);
    default:
      return false;
  }
}

bool read_literal(std::string_view text, Cell& cell) {
  return json::read_plain(text, cell) == nullptr;
}

}  // namespace stook
