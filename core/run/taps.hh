// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Taps and traces of a running engine, and what became of rows: who asks for one at the control socket, and which workers have it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/run/calls.hh"
#include "core/run/control.hh"
#include "core/run/post.hh"
#include "core/run/worker.hh"

namespace stook {

class Engine;

/// Verbs of the control socket whose answers go on. A tap's answer has lines of four kinds:
///
///   `> ROW`                                a row, as a line or a JSON object; of a trace several such lines are one row
///   `= PASSED LOOKED MATCHED SHOWN`        rows since the tap began, on all workers; four times a second if they have
///                                          changed, and at the end
///   `# SENTENCE`                           what happened: the configuration was reloaded
///   `! SENTENCE`                           why the answer ends here, if it is not as asked
///
/// A tap is a post in the list of each worker (core/run/post.hh), put there and taken away by calls; it ends with its
/// connection. After a reload it goes on in the new routes and workers, if the element is still there.
/// *Invariants:* of these calls a worker has one out at a time, so there is room for those of others.
/// *Rooms:* main.
class Taps {
 public:
  /// Taps and traces at once.
  static constexpr size_t most = 8;
  using MakePost = std::function<std::shared_ptr<Post>()>;

  Taps(Engine& engine, Loop& loop) : engine_(engine), loop_(loop) {}

  void add_verbs(Control& control);
  /// The engine runs another plan, and perhaps other workers.
  void follow() ROOM(front);

 private:
  class Stream;
  friend class Stream;

  Control::Answer tap(const std::vector<std::string_view>& words) ROOM(front);
  Control::Answer trace(const std::vector<std::string_view>& words) ROOM(front);
  /// The newest reasons first; with an id those of that row.
  Control::Answer why(const std::vector<std::string_view>& words) const ROOM(front);
  Control::Answer begin(const std::string& element, size_t rows, MakePost make) ROOM(front);
  std::string unknown(std::string_view element, bool must_be_source) const ROOM(front);
  bool has(std::string_view element) const ROOM(front);
  void attach(Worker& worker, std::shared_ptr<Post> post) ROOM(front);
  void detach(Worker& worker, std::shared_ptr<Post> post) ROOM(front);
  void post(Worker& worker, std::function<void()> work) ROOM(front);
  void flush() ROOM(front);

  Engine& engine_;
  Loop& loop_;
  std::vector<Stream*> open_;
  std::map<Worker*, Calls::Works> pending_;
  Watcher retry_;
};

}  // namespace stook
