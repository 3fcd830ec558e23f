// SPDX-License-Identifier: Apache-2.0
/// journald's export format, cut into entries and fields. Room: the source's front.
///
/// Format (systemd.io/JOURNAL_EXPORT_FORMATS): an entry is a sequence of fields and ends with an empty line. A field is
/// `NAME=value\n`, or, when the value holds other bytes than printable text, `NAME\n`, the size of the value in 8 bytes,
/// little-endian, the value, and `\n`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// Reads entries from pieces of any size.
/// *Invariants:* holds `most` bytes of one entry and a name at the most; what is beyond is stepped over.
class JournalEntry {
 public:
  /// The journal's own limits.
  static constexpr size_t fields_most = 1024;
  static constexpr size_t name_most = 64;

  explicit JournalEntry(size_t most) : most_(most) {}

  /// More: all bytes were taken, the entry goes on. Whole: an entry is complete, `clear` makes place for the next.
  /// Damaged: this is no export format; nothing can be read before `clear`.
  enum class Step : uint8_t { More, Whole, Damaged };
  /// Takes bytes from the front of `bytes` and shortens it.
  [[nodiscard]] Step take(std::string_view& bytes);
  void clear();

  size_t size() const { return fields_.size(); }
  std::string_view name(size_t i) const { return {store_.data() + fields_[i].name, fields_[i].name_size}; }
  std::string_view value(size_t i) const { return {store_.data() + fields_[i].value, fields_[i].value_size}; }
  /// The first value of that name, or empty.
  std::string_view find(std::string_view name) const;
  /// Values were cut, or fields left out.
  bool is_truncated() const { return is_truncated_; }
  /// Nothing of the next entry has come yet.
  bool is_empty() const { return fields_.empty() && state_ == State::Name && store_.empty(); }

 private:
  enum class State : uint8_t { Name, Value, Size, Data, End };
  struct Field {
    size_t name;
    size_t name_size;
    size_t value;
    size_t value_size;
  };
  Step take_name(std::string_view& bytes);
  bool open_field();
  void take_value(std::string_view& bytes);
  bool take_size(std::string_view& bytes);
  void take_data(std::string_view& bytes);
  void keep(std::string_view bytes);

  size_t most_;
  std::string store_;
  std::vector<Field> fields_;
  State state_ = State::Name;
  size_t begin_ = 0;   // of the name that is being read
  uint64_t left_ = 0;  // of the value, or of its size's bytes
  uint64_t size_read_ = 0;
  bool is_kept_ = true;  // the field that is being read is one of fields_
  bool is_truncated_ = false;
};

}  // namespace stook
