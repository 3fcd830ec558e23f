// SPDX-License-Identifier: Apache-2.0
/// An event of many lines while it is put together, and what it keeps when its bundle leaves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/room.hh"
#include "core/data/batch.hh"

namespace stook {

class Receipt;

/// Lines joined by a separator. While they lie in memory one behind the other with just the separator between them, as
/// they do behind a source of lines, the text is a slice over them; else they are copied.
/// *Invariants:* a text that is not owned is valid as long as its bundle. *Rooms:* one replica, its worker.
class EventText {
 public:
  void clear() {
    text_ = {};
    has_lines_ = false;
    is_owned_ = false;
  }
  void add(std::string_view line, std::string_view separator);
  /// Copies the text, so that it outlives the bundle. COLD when the buffer grows.
  void own();
  std::string_view view() const { return is_owned_ ? std::string_view(buffer_) : text_; }
  bool is_owned() const { return is_owned_; }
  /// Size with another line.
  size_t size_with(std::string_view line, std::string_view separator) const {
    return has_lines_ ? view().size() + separator.size() + line.size() : line.size();
  }
  /// Gives memory beyond `keep` bytes back.
  void trim(size_t keep);

 private:
  std::string_view text_;
  std::string buffer_;
  bool has_lines_ = false;
  bool is_owned_ = false;
};

/// All cells of a row but one, copied out of its bundle.
/// *Invariants:* an open key is kept by name, as its number may be another one by then. *Rooms:* as EventText.
class RowCopy {
 public:
  /// Copies the row but for the cell of `except`. COLD when a buffer grows.
  void take(const Batch& batch, Row row, KeyId except);
  /// Writes the cells into a row that has none.
  void put(Batch& batch, Row row) const;
  void trim(size_t keep);

 private:
  struct CellCopy {
    KeyId id;
    bool is_open;
    size_t at;    // of a slice: where its bytes are
    size_t name;  // of an open key: where its name is
    size_t name_size;
    Cell cell;
  };
  std::vector<CellCopy> cells_;
  std::string bytes_;
};

/// One event. *Rooms:* as EventText.
struct Event {
  EventText text;
  RowCopy copy;
  /// Receipts of the bundles that it has lines of, but for the one at hand.
  std::vector<Receipt*> receipts;
  size_t lines = 0;
  /// The row of its first line; meaningless once `is_copied`.
  Row first = 0;
  /// The row that it will have, when `has_row`.
  Row row = 0;
  bool has_row = false;
  bool is_copied = false;
  bool is_truncated = false;
  /// Its first row has a text; without one it is alone.
  bool has_text = true;
  /// Its text is not just that of its first row.
  bool is_changed = false;
  /// It got a line since the last tick, or since the last bundle.
  bool is_fresh = false;
  bool is_touched = false;
  /// When a tick first saw it, and when it last saw it fresh; 0: none has.
  int64_t seen_at = 0;
  int64_t fresh_at = 0;

  void clear();
};

}  // namespace stook
