// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A letter shelf: finds letters that are kept, and notes which of them were delivered after all.
#pragma once

#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "core/api/letters.hh"
#include "core/base/fd.hh"

namespace stook {

/// The folders below `folder` that hold letters, one a sink, by name; `folder` itself when it does.
/// Throws SetupError when it cannot be read.
std::vector<std::string> letter_folders(const std::string& folder);

/// The letters of one file that were not delivered yet, in order. What is no letter is passed over and counted.
class LetterScroll {
 public:
  /// Throws SetupError when the file cannot be read.
  explicit LetterScroll(const std::string& path);
  /// The next one. False: there is none.
  [[nodiscard]] bool next(Letter& letter);
  /// Where the last one begins in its file, which is its name within it.
  uint64_t offset() const { return offset_; }
  uint64_t unreadable() const { return unreadable_; }

 private:
  std::ifstream lines_;
  std::set<uint64_t> done_;
  uint64_t offset_ = 0;
  uint64_t next_ = 0;
  uint64_t unreadable_ = 0;
};

/// Notes delivered letters in `NUMBER.done` beside their file: the offset of each, in decimal, one a line. A line without a
/// newline at its end, which a crash leaves, is no note. Throws SetupError when it cannot write.
class LetterNotes {
 public:
  explicit LetterNotes(const std::string& path);
  void add(uint64_t offset) { waiting_ += std::to_string(offset) + "\n"; }
  /// Forces what was added to the disk.
  void flush();

 private:
  std::string path_;
  Fd fd_;
  std::string waiting_;
};

/// Removes a file all of whose letters were delivered, and its notes, unless a daemon still writes to it.
void remove_when_done(const std::string& path);

}  // namespace stook
