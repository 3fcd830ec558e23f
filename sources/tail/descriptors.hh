// SPDX-License-Identifier: Apache-2.0
/// Which of the followed files are open. Room: the source's front.
#pragma once

#include <sys/stat.h>

#include <list>

#include "sources/tail/tailed.hh"

namespace stook {

/// Keeps as many files open as the process may have, less 128 for all else; the one that was used least recently is
/// closed first, and opened again when it has something to read. A deleted file stays open: there is no way back to it.
/// *Invariants:* `open_` holds each file that has a descriptor, the least recently used first.
class Descriptors {
 public:
  Descriptors();
  /// Opens a path for reading; closes others when there are too many. -1: `errno` says why.
  [[nodiscard]] Fd open(const std::string& path);
  /// The file has a descriptor from now on.
  void add(Tailed& file);
  /// The file is used: it is closed last.
  void use(Tailed& file) { open_.splice(open_.end(), open_, file.turn); }
  void close(Tailed& file);

 private:
  bool close_one();

  std::list<Tailed*> open_;
  size_t budget_;
};

}  // namespace stook
