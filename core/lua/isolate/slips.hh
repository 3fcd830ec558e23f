// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What stook and the process of an isolated script say to each other over two pipes. Room: none.
///
/// A *slip* is its size (4 bytes, in the machine's own order, as both ends are one program), its kind (1 byte), and so many
/// bytes. From the script:
///
///     rows      rows one behind the other, see put_slip_row
///     text      what the script writes, cut anywhere
///     commit    a position as JSON; all rows and whole objects before it are behind it
///     listens   the script reads what it is told
///     failed    8 bytes with the line, and the message: the script is over, and nothing follows
///     ended     so is this one
///
/// and to it:
///
///     brief     the first one: all that it has to know
///     stop, pause, resume
///     commit    a position as JSON that is final
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/data/bundle.hh"

namespace stook {

enum class SlipKind : uint8_t { Rows, Text, Commit, Listens, Failed, Ended, Brief, Stop, Pause, Resume };

struct Slip {
  SlipKind kind;
  std::string_view bytes;
};

/// Slips to be sent, one behind the other. Several of rows or of text become one.
class SlipBatch {
 public:
  static constexpr size_t usual = 64 * 1024;  // a slip of this size is not added to

  void put(SlipKind kind, std::string_view bytes = {});
  /// Where bytes of such a slip are appended to, until `close`.
  std::string& open(SlipKind kind);
  void close();

  /// What is not sent yet. REQUIRES: closed.
  std::string_view left() const { return std::string_view(bytes_).substr(sent_); }
  size_t size() const { return bytes_.size() - sent_; }
  /// So many bytes are sent.
  void take(size_t size);

 private:
  static constexpr size_t none = SIZE_MAX;
  std::string bytes_;
  size_t sent_ = 0;
  size_t open_ = none;  // where the open slip begins
};

/// Slips that come, cut anywhere.
/// *Invariants:* what a slip claims is compared with `most` before anything is kept for it.
class SlipCutter {
 public:
  static constexpr size_t head = 5;
  enum class Step : uint8_t { Slip, More, Wrong };

  explicit SlipCutter(size_t most) : most_(most) {}
  void add(std::string_view bytes) { bytes_.append(bytes); }
  /// Wrong: these are no slips.
  Step next(Slip& slip);
  /// Whether a part of one waits for the rest.
  bool has_rest() const { return bytes_.size() > begin_; }
  /// No more comes: what there is of one that was cut short; false: nothing, or not even its kind. Until the next step.
  [[nodiscard]] bool take_rest(Slip& slip);

 private:
  size_t most_;
  std::string bytes_;
  size_t begin_ = 0;
};

/// Appends a row of the bundle: how many cells (2 bytes), and of each its key's number (2), type (1), whether it is marked
/// as number (1), and its word (8 bytes) or the size of its bytes (4) and these.
void put_slip_row(std::string& to, const Bundle& bundle, Row row);

/// Reads rows that put_slip_row wrote. Untrusted bytes are safe.
class SlipRows {
 public:
  SlipRows() = default;
  explicit SlipRows(std::string_view bytes) : bytes_(bytes) {}
  bool has_row() const { return bytes_.size() >= 2; }
  bool is_empty() const { return bytes_.empty(); }
  /// Calls `take(place, cell)` for each cell of the next row, slices pointing into the bytes. False: these are no rows.
  template <class Take>
  [[nodiscard]] bool next(Take&& take) {
    uint16_t cells = 0;
    if (!read(cells)) {
      return false;
    }
    for (; cells > 0; cells--) {
      uint16_t place = 0;
      Cell cell{};
      if (!read(place) || !next_cell(cell)) {
        return false;
      }
      take(place, cell);
    }
    return true;
  }

 private:
  template <class Word>
  bool read(Word& word) {
    if (bytes_.size() < sizeof word) {
      return false;
    }
    std::memcpy(&word, bytes_.data(), sizeof word);
    bytes_.remove_prefix(sizeof word);
    return true;
  }
  bool next_cell(Cell& cell);

  std::string_view bytes_;
};

}  // namespace stook
