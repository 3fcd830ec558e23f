// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Vigil: whether main keeps an eye on what is unsettled. Nobody wakes up while nothing is out.
#pragma once

#include <atomic>

#include "core/api/loop.hh"
#include "core/base/room.hh"

namespace stook {

/// *Invariants:* while something is out, either the vigil is kept or a wake-up of main is on its way.
/// *Rooms:* main; `stir` from anywhere.
class Vigil {
 public:
  /// Whoever made something wait where nothing waited before, after publishing it.
  void stir() {
    if (!is_kept_.exchange(true, std::memory_order_acq_rel)) {
      stirred.wake();
    }
  }
  /// Main, before it looks a last time whether anything is out.
  void relax() ROOM(front) { is_kept_.exchange(false, std::memory_order_acq_rel); }
  /// Main, when there was.
  void keep() ROOM(front) { is_kept_.exchange(true, std::memory_order_acq_rel); }

  /// Started before anyone stirs.
  Watcher stirred;

 private:
  // Written by main (false, before it looks; true, when it goes on) and by those who stir. All exchange, so they are in
  // one order: either main sees what was published before a stir, or the stirrer sees that main has gone to rest.
  std::atomic<bool> is_kept_{false};
};

}  // namespace stook
