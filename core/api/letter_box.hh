// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A letter box: writes the letters of one sink to its folder.
#pragma once

#include <cstdint>
#include <string>

#include "core/api/letters.hh"
#include "core/base/fd.hh"

namespace stook {

/// Writes the letters of one sink. A letter is kept once `flush` has said so.
/// *Invariants:* a file holds whole lines only; what is not flushed is in memory, and is tried again.
/// *Rooms:* the one that made it.
class LetterBox {
 public:
  /// Letters go to `folder`, which is made when the first one comes, until its files have `most` bytes.
  LetterBox(std::string folder, uint64_t most) : folder_(std::move(folder)), most_(most) {}
  ~LetterBox();

  /// Takes a letter to be written by the next `flush`. False when the folder is full.
  [[nodiscard]] bool put(const Letter& letter);
  /// Whether so many bytes more would fit.
  [[nodiscard]] bool has_room(uint64_t size);
  bool has_waiting() const { return !waiting_.empty(); }
  /// Writes what was put, and forces it to the disk. False: nothing of it is kept, `reason()` says why; ask again.
  [[nodiscard]] bool flush();
  const std::string& reason() const { return reason_; }

 private:
  void measure();
  bool open();
  void close();
  bool write_waiting();
  // Notes what failed and errno; false.
  bool fail(const std::string& what);

  std::string folder_;
  uint64_t most_;
  std::string waiting_;
  std::string reason_;
  Fd fd_;
  std::string path_;
  uint64_t size_ = 0;   // of the open file, in whole lines
  uint64_t total_ = 0;  // of all files
  bool is_measured_ = false;
  int64_t measured_at_ = 0;
};

}  // namespace stook
