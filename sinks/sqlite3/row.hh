// SPDX-License-Identifier: Apache-2.0
/// A row as the codec sqlite3 writes it: names with their values, one behind the other. Pure.
///
/// | bytes | what |
/// |---|---|
/// | 4 | size of the name, in the machine's order |
/// | … | the name |
/// | 1 | `n` null, `i` integer, `r` real, `t` text, `b` blob |
/// | 8 | of an integer or a real: its bits |
/// | 4, … | of text or a blob: its size, and its bytes |
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace stook {

struct NamedValue {
  std::string_view name;
  char kind = 'n';
  uint64_t bits = 0;
  std::string_view bytes;
};

/// *Invariants:* reads nothing beyond the bytes it was given.
class NamedValues {
 public:
  explicit NamedValues(std::string_view row) : rest_(row) {}

  /// False at the end, or where what follows is no value: then `is_torn`.
  [[nodiscard]] bool next(NamedValue& value) {
    if (rest_.empty()) {
      return false;
    }
    is_torn_ = !take_slice(value.name) || rest_.empty();
    if (is_torn_) {
      return false;
    }
    value.kind = rest_[0];
    rest_.remove_prefix(1);
    bool is_word = value.kind == 'i' || value.kind == 'r';
    bool is_slice = value.kind == 't' || value.kind == 'b';
    is_torn_ = (is_word && !take(value.bits)) || (is_slice && !take_slice(value.bytes));
    return !is_torn_;
  }
  bool is_torn() const { return is_torn_; }

 private:
  template <class T>
  bool take(T& to) {
    if (rest_.size() < sizeof to) {
      return false;
    }
    std::memcpy(&to, rest_.data(), sizeof to);
    rest_.remove_prefix(sizeof to);
    return true;
  }
  bool take_slice(std::string_view& to) {
    uint32_t size = 0;
    if (!take(size) || size > rest_.size()) {
      return false;
    }
    to = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
  bool is_torn_ = false;
};

}  // namespace stook
