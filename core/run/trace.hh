// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A trace: follows some rows of a source through all elements of its route, on one worker.
///
/// A row is told of as a whole, when all sinks that it reached are done with it, or two seconds after its bundle:
///
///   row 1 of in at 2026-11-22T06:10:00.123456789Z
///     in          message="GET /x 200"
///     parse       +3.1 us   kept      +path=/x  +status=200  -message
///     out         +3.4 us   reached
///     out         +2.1 ms   delivered
///
/// The time is that since the bundle began, on the worker; the rows of a bundle run through an element together, so an
/// element's own time is that of all of them. A member behind `+` was added, behind `-` taken away, and `key=new (was old)`
/// changed. In JSON, a line a row:
///   {"source":"in","row":1,"time":"…","lane":0,"bundle":7,"values":{…},"steps":[{"element":"parse","kind":"filter","at_ns":0,
///    "ns":3100,"rows":256,"verdict":"kept","why":"","set":{…},"was":{…},"removed":["message"]},…],
///    "fates":[{"sink":"out","fate":"delivered","at_ns":2100000,"why":""},…]}
/// Verdicts: `kept`; `dropped`, on purpose; `held back`, so that another row is made of it; `dropped or held back`, by an element
/// that has done both just now; `failed, …`: and what on_error has become of it; `reached`, by a sink, and behind it why the sink
/// does not get the row if it does not. Fates are those of core/run/fate.hh; null: the sink is not done with the row yet. Rows
/// that an element makes are not followed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/note.hh"
#include "core/run/post.hh"
#include "core/run/row_text.hh"

namespace stook {

/// *Rooms:* its worker follows rows, main makes it and reads. COLD, and it allocates: a trace is for some rows, and then it is
/// over.
class Trace final : public Post {
 public:
  using Clock = int64_t (*)();
  static constexpr size_t most_rows = 1000;
  /// Columns of an element's name.
  static constexpr size_t name_width = 12;
  /// The next `rows` rows of the source that come to this worker; `sinks`: how many each may reach.
  Trace(std::string source, size_t rows, RowForm form, size_t sinks, Clock clock)
      : source_(std::move(source)), left_(rows), form_(form), clock_(clock), fates_(rows * sinks) {}

  void begins(const Passing& at) override ROOM(worker);
  void enters(const Passing& at) override ROOM(worker);
  void leaves(const Passing& at, const Selection& faulted) override ROOM(worker);
  void encoded(const Passing& at, const Selection& faulted, Payload& payload, size_t first) override ROOM(worker);
  void ends(const Bundle& bundle) override ROOM(worker);
  /// Rows whose fates are known, or have been waited for.
  size_t read(std::string& to, size_t most) override ROOM(front);

 private:
  using Values = std::vector<std::pair<KeyId, std::string>>;  // ascending
  struct Followed {
    Row row;
    std::string text;
    Values before;  // it goes into the element at hand with these; `is_in` says that it does
    bool is_in = false;
    std::vector<uint32_t> fates = {};  // positions in fates_
  };
  /// What an element did with a row; null: nothing that ends its way there.
  struct Ruling {
    const char* what = nullptr;
    std::string why = {};
  };
  /// A row that main has read, but for its fates.
  struct Told {
    std::string text;
    std::vector<uint32_t> fates;
    int64_t begun_at = 0;  // ns
    int64_t came_at = 0;   // ns
  };
  Values values_of(const Passing& at, Row row) const ROOM(worker);
  std::string changes(const Passing& at, const Followed& one) const ROOM(worker);
  std::string changes_json(const Passing& at, const Followed& one, const Values& after) const ROOM(worker);
  Ruling verdict_of(const Passing& at, const Selection& faulted, Row row) const ROOM(worker);
  void add_step(const Passing& at, Followed& one, const Ruling& ruling, const std::string& changes) ROOM(worker);
  std::string opening(const Passing& at, Row row) const ROOM(worker);
  void take_in() ROOM(front);
  bool is_final(const Told& one) const ROOM(front);
  std::string ending(const Told& one) const ROOM(front);

  const std::string source_;
  size_t left_;
  const RowForm form_;
  Clock clock_;
  // Shared with the payloads that have these rows, as they may outlive the trace. The worker sets one before main knows of it.
  std::vector<std::shared_ptr<Note>> fates_;
  size_t fates_used_ OWNED(worker) = 0;
  std::deque<Told> told_ OWNED(front);
  std::vector<Followed> followed_;
  int64_t begun_at_ = 0;    // ns, the bundle's run
  int64_t entered_at_ = 0;  // ns, the element's
  size_t entered_rows_ = 0;
  uint64_t dropped_ = 0;  // by the element on purpose, before it ran
  uint64_t held_ = 0;     // and held back
  uint64_t number_ = 0;
};

}  // namespace stook
