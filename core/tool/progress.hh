// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The live line of `stook run` on a terminal: rows, rates, and where the time goes.
#pragma once

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/run/engine.hh"

namespace stook {

/// Rewrites one line on stderr each second. *Rooms:* main.
class Progress {
 public:
  explicit Progress(Engine& engine) : engine_(engine) {}
  void start(Loop& loop) ROOM(front);
  /// Takes the line away.
  void stop() ROOM(front);

 private:
  void on_time() ROOM(front);

  Engine& engine_;
  Watcher timer_;
  Report last_;
};

}  // namespace stook
