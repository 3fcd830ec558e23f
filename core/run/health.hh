// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Health is progress: names what has waited for too long, and who has it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/run/standing.hh"
#include "core/run/vigil.hh"

namespace stook {

/// A source is stalled when it has rows out and none has been acknowledged for `stall_after`. Its oldest row may be older
/// than that while others move on, as with a sink that is slow: then the row is named in the log, and the source is well.
/// *Invariants:* the timer runs only while something is out.
/// *Rooms:* main.
class Health {
 public:
  /// What stands how, now; is called by the timer and by whoever asks.
  using Look = std::function<Standings()>;
  explicit Health(Look look) : look_(std::move(look)) {}

  /// Begins to watch. Before anyone stirs the vigil.
  void start(Loop& loop, int64_t stall_after) ROOM(front);
  void stop() ROOM(front);
  /// One look: logs what has begun to wait for too long, and what no longer does. True while anything is out.
  bool judge() ROOM(front) { return judge(look_()); }
  bool judge(const Standings& standings) ROOM(front);
  /// Who wants to see each look of the timer; the last one of a run shows that nothing is out.
  void listen(std::function<void(const Standings&)> listener) ROOM(front) { listener_ = std::move(listener); }

  Vigil vigil;

 private:
  /// Of one source, while it is late or was within the last minute.
  struct Late {
    int64_t spoken_at = 0;
    int64_t oldest_at = 0;
    bool is_named = false;  // ack_waits has been logged, and ack_moves is due
    uint64_t suppressed = 0;
  };
  void on_stir() ROOM(front);
  void on_time() ROOM(front);
  void name(const Standing& one, const Standings& standings) ROOM(front);
  void unname(const std::string& source, Late& late, int64_t now) ROOM(front);

  Look look_;
  std::function<void(const Standings&)> listener_;
  Loop* loop_ = nullptr;
  int64_t period_ = 0;
  Watcher timer_;
  std::map<std::string, Late> late_ OWNED(front);
};

}  // namespace stook
