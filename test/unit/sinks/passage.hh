// SPDX-License-Identifier: Apache-2.0
/// Random rows for the identity law of codecs that write types, and what is to be read of them.
#pragma once

#include <cmath>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/data/object.hh"
#include "core/data/pattern.hh"
#include "test/unit/sinks/law.hh"

namespace stook::test {

/// A value, and what it is once it was written and read.
struct Passage {
  Cell written;
  Cell read;
};
using PassedMember = std::pair<std::string, Passage>;

inline void put_value(std::string& to, const Cell& cell) {
  std::string buffer(cell_room(cell), '\0');
  to.append(buffer.data(), put_cell(buffer.data(), cell));
}

/// Draws values of all types. *Invariants:* what slices point to lives as long as it does.
class ValueDrawer {
 public:
  ValueDrawer(unsigned seed, bool is_json) : dice(seed), is_json_(is_json) {}

  Passage value(int depth) {
    switch (dice.below(depth > 0 ? 12 : 10)) {
      case 0:
        return same(Cell::of_null());
      case 1:
        return same(Cell::of_boolean(dice.once_in(2)));
      case 2:
        return same(Cell::of_integer(dice.integer()));
      case 3: {
        Cell number = Cell::of_unsigned(dice.any() >> dice.below(64));
        return {number, number.integer >= 0 ? Cell::of_integer(number.integer) : number};
      }
      case 4: {
        Cell number = Cell::of_word(Type::Real, dice.any());
        return {number, is_json_ && !std::isfinite(number.real) ? Cell::of_null() : number};
      }
      case 5:
        return shown(Cell::of_time(static_cast<int64_t>(dice.any())));
      case 6:
        return shown(Cell::of_slice(Type::Address, keep(bytes(dice.once_in(2) ? 4 : 16))));
      case 7:
        return shown(Cell::of_slice(Type::Bytes, keep(is_json_ ? text() : bytes(dice.below(40)))));
      case 8: {
        Cell number = Cell::of_text(keep("1" + std::string(20 + dice.below(60), '3')));
        number.is_number = true;
        return same(number);
      }
      case 9:
        return same(Cell::of_text(keep(text())));
      default:
        return object(depth - 1);
    }
  }

  /// Members with different names, some of those that there are.
  std::vector<PassedMember> row(const std::vector<std::string>& names, size_t once_in) {
    std::vector<PassedMember> members;
    for (const std::string& name : names) {
      if (dice.once_in(once_in)) {
        members.emplace_back(name, value(3));
      }
    }
    return members;
  }

  std::vector<std::string> names(size_t count) {
    std::vector<std::string> made;
    for (size_t i = 0; i < count; i++) {
      made.push_back(std::to_string(i) + text());
    }
    return made;
  }

  Dice dice;

 private:
  std::string text() {
    std::string seen;
    return dice.once_in(2) ? dice.text() : dice.wild_text(seen);
  }
  std::string bytes(size_t size) {
    std::string made(size, '\0');
    for (char& byte : made) {
      byte = static_cast<char>(dice.any());
    }
    return made;
  }
  std::string_view keep(std::string made) { return store_.emplace_back(std::move(made)); }

  static Passage same(const Cell& cell) { return {cell, cell}; }
  // JSON has no such type: the value becomes its text.
  Passage shown(const Cell& cell) {
    if (!is_json_) {
      return same(cell);
    }
    Payload text;
    append_text(text, cell);
    return {cell, Cell::of_text(keep(std::string(cell.type == Type::Bytes ? cell.bytes() : text.bytes())))};
  }

  Passage object(int depth) {
    bool is_array = dice.once_in(2);
    auto size = static_cast<uint32_t>(dice.below(5));
    char head[8];
    std::string written(head, is_array ? put_array_head(head, size) : put_map_head(head, size));
    std::string read = written;
    for (uint32_t i = 0; i < size; i++) {
      if (!is_array) {
        Cell name = Cell::of_text(keep(std::to_string(i) + text()));
        put_value(written, name);
        put_value(read, name);
      }
      Passage member = value(depth);
      put_value(written, member.written);
      put_value(read, member.read);
    }
    return {Cell::of_slice(Type::Object, keep(written)), Cell::of_slice(Type::Object, keep(read))};
  }

  bool is_json_;
  std::deque<std::string> store_;
};

}  // namespace stook::test
