// SPDX-License-Identifier: Apache-2.0
/// How the rows of a payload become frames of a stream, or datagrams.
///
/// | framing | a row is sent as |
/// |---|---|
/// | lf | itself, with a newline behind it if it has none |
/// | nul | itself and a NUL |
/// | octets | its size in decimal, a blank, and itself (RFC 6587, section 3.4.1); nothing when it is empty |
/// | length32, length16 | its size as a big-endian number of 4 or 2 bytes, and itself |
///
/// But for lf, the newline at the end of a row that is text is no part of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/option.hh"
#include "core/api/sink.hh"

namespace stook {

enum class RowFraming : uint8_t { Lf, Nul, Octets, Length32, Length16 };
template <>
inline constexpr std::string_view choice_names<RowFraming>[] = {"lf", "nul", "octets", "length32", "length16"};

/// The rows of a payload, one by one; a payload whose rows cannot be told apart is one.
class PayloadRows {
 public:
  explicit PayloadRows(const Payload& payload) : bytes_(payload.bytes()), ends_(payload.row_ends()) {
    is_one_ = ends_.empty() || ends_.back() != bytes_.size();
  }
  size_t size() const { return is_one_ ? (bytes_.empty() ? 0 : 1) : ends_.size(); }
  size_t begin_of(size_t row) const { return row == 0 ? 0 : ends_[row - 1]; }
  std::string_view operator[](size_t row) const {
    return is_one_ ? bytes_ : bytes_.substr(begin_of(row), ends_[row] - begin_of(row));
  }

 private:
  std::string_view bytes_;
  std::span<const uint32_t> ends_;
  bool is_one_;
};

/// Makes frames of rows. Pure.
class RowFrames {
 public:
  RowFrames(RowFraming framing, bool is_binary);

  /// What of a row is sent, without its newline.
  std::string_view body(std::string_view row) const {
    return !is_binary_ && row.ends_with('\n') ? row.substr(0, row.size() - 1) : row;
  }
  /// The largest body that a frame holds; what reads frames of ours takes no more either. A larger row has no frame.
  size_t most() const { return most_; }
  void set_most(size_t most) { most_ = most; }
  bool fits(std::string_view row) const { return body(row).size() <= most_; }
  /// The rows of a shipment that have no frame, each with the reason, which begins with its size and ends with `limit`.
  std::vector<RefusedRow> misfits(Shipment shipment, std::string_view limit) const;

  /// The size of a row's frame, and the frame itself, appended to `to`; nothing for a row that has none.
  size_t size(std::string_view row) const;
  void append(std::string_view row, std::string& to) const;
  /// Whether rows that end with a newline are frames already.
  bool keeps_lines() const { return framing_ == RowFraming::Lf; }

 private:
  RowFraming framing_;
  size_t most_;
  bool is_binary_;
};

}  // namespace stook
