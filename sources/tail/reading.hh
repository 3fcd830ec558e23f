// SPDX-License-Identifier: Apache-2.0
/// Reads what a followed file has behind its position. Room: the source's front.
#pragma once

#include "core/api/source.hh"
#include "sources/lines.hh"
#include "sources/tail/files.hh"

namespace stook {

/// Drained: all complete lines are handed on. More: there is more than one turn's worth. Paused: the pool is empty.
enum class Reading : uint8_t { Drained, More, Paused };

/// One for all files of a source: nothing is kept for a file between two turns, however many there are.
/// *Rooms:* the source's front.
class TailReader {
 public:
  explicit TailReader(size_t max_line) : lines_(max_line) {}
  void attach(Feed& feed, Files& files);
  /// Hands on one bundle's worth of lines, and marks the file. A truncated file begins again first.
  /// Cost beside the lines: fstat and two short reads.
  Reading read(Tailed& file) ROOM(front);
  /// Hands on the unfinished line at the end of the file. Drained: done. More: complete lines came in between.
  Reading flush(Tailed& file) ROOM(front);
  /// Lines cut at max_line so far.
  uint64_t truncated() const { return lines_.truncated(); }

 private:
  Reading read_from(Tailed& file, uint64_t size) ROOM(front);
  void mark(const Tailed& file) ROOM(front);

  Feed* feed_ = nullptr;
  Files* files_ = nullptr;
  LineReader lines_;
};

}  // namespace stook
