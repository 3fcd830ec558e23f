// SPDX-License-Identifier: Apache-2.0
/// When positions are written down. Room: the source's front.
#pragma once

#include "core/api/source.hh"
#include "sources/tail/files.hh"

namespace stook {

/// Writes positions at most once a second, or after 8 MiB of progress, and as soon as files appear or go, but never more
/// than a tenth of the time.
class Checkpoint {
 public:
  void attach(Feed& feed, Files& files) ROOM(front);
  /// Something was acknowledged.
  void advance() ROOM(front);
  /// A file has appeared or gone: after a crash one that was renamed meanwhile is found by its position only.
  void soon() ROOM(front);
  void stop() ROOM(front) { timer_.stop(); }

 private:
  void save() ROOM(front);

  Feed* feed_ OWNED(front) = nullptr;
  Loop* loop_ OWNED(front) = nullptr;
  Files* files_ OWNED(front) = nullptr;
  Watcher timer_ OWNED(front);
  bool is_soon_ OWNED(front) = false;
  int64_t not_before_ OWNED(front) = 0;
};

}  // namespace stook
