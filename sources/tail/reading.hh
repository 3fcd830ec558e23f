// SPDX-License-Identifier: Apache-2.0
/// Reads what a followed file has behind its position. Room: the source's front.
#pragma once

#include "core/api/source.hh"
#include "sources/lines.hh"
#include "sources/tail/files.hh"
#include "sources/tail/pread.hh"

namespace stook {

/// Drained: all complete lines are handed on. More: there is more than one turn's worth. Paused: the pool is empty.
/// Other: what was read of the file is not in it any more. Gone: it cannot be reached any more.
enum class Reading : uint8_t { Drained, More, Paused, Other, Gone };

/// One for all files of a source: nothing is kept for a file between two turns, however many there are.
/// *Rooms:* the source's front.
class TailReader {
 public:
  explicit TailReader(size_t max_line) : max_line_(max_line), lines_(max_line) {}
  void attach(Feed& feed, Files& files);
  /// Hands on one bundle's worth of lines, and marks the file.
  /// Cost beside the lines: one preadv(2) for the first read of a turn and what stands before it.
  Reading read(Tailed& file) ROOM(front);
  /// Hands on the unfinished line at the end of the file. Drained: done. More: complete lines came in between.
  Reading flush(Tailed& file) ROOM(front);
  /// Bytes handed on so far, holes included.
  uint64_t bytes() const { return bytes_; }

 private:
  Reading read_from(Tailed& file, PreadBytes& bytes) ROOM(front);
  Reading fail(Tailed& file, PreadBytes& bytes) ROOM(front);
  bool skip_hole(Tailed& file, PreadBytes& bytes) ROOM(front);
  void move_on(Tailed& file, const PreadBytes& bytes, const LinePlace& before) ROOM(front);
  bool is_packed(Tailed& file) ROOM(front);
  Reading read_packed(Tailed& file) ROOM(front);
  Reading begin_packed(Tailed& file) ROOM(front);
  Reading skip_packed(Tailed& file) ROOM(front);
  void end_packed(Tailed& file) ROOM(front);
  LineOrigin origin(const Tailed& file) ROOM(front);

  Feed* feed_ = nullptr;
  Files* files_ = nullptr;
  size_t max_line_;
  LineReader lines_;
  std::string id_;
  uint64_t rows_ = 0;  // that had been made when a file was marked last
  uint64_t bytes_ = 0;
  uint64_t skipped_ = 0;
};

}  // namespace stook
