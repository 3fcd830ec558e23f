// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A trace: follows some rows of a source through all elements of its route, on one worker.
///
/// A row is told of as a whole, when its bundle is through:
///
///   row 1 of in at 2026-11-22T06:10:00.123456789Z
///     in          message="GET /x 200"
///     parse       +3.1 us   kept      +path=/x  +status=200  -message
///     slow        +3.4 us   dropped or held back
///
/// The time is that since the bundle began, on the worker; the rows of a bundle run through an element together, so an
/// element's own time is that of all of them. A member behind `+` was added, behind `-` taken away, and `key=new (was old)`
/// changed. In JSON, a line a row:
///   {"source":"in","row":1,"time":"…","lane":0,"bundle":7,"values":{…},"steps":[{"element":"parse","kind":"filter","at_ns":0,
///    "ns":3100,"rows":256,"verdict":"kept","set":{…},"was":{…},"removed":["message"]},…]}
/// Verdicts: `kept`; `dropped or held back`; `failed, …`: and what on_error has become of it; `reached`, by a sink, and behind
/// it why the sink does not get the row if it does not. Rows that an element makes are not followed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/run/post.hh"
#include "core/run/row_text.hh"

namespace stook {

/// *Rooms:* its worker; made by main. COLD, and it allocates: a trace is for some rows, and then it is over.
class Trace final : public Post {
 public:
  static constexpr size_t most_rows = 1000;
  /// The next `rows` rows of the source that come to this worker.
  Trace(std::string source, size_t rows, RowForm form) : source_(std::move(source)), left_(rows), form_(form) {}

  void begins(const Passing& at) override ROOM(worker);
  void enters(const Passing& at) override ROOM(worker);
  void leaves(const Passing& at, const Selection& faulted) override ROOM(worker);
  void ends(const Bundle& bundle) override ROOM(worker);

 private:
  using Values = std::vector<std::pair<KeyId, std::string>>;  // ascending
  struct Followed {
    Row row;
    std::string text;
    Values before;  // it goes into the element at hand with these; `is_in` says that it does
    bool is_in = false;
  };
  Values values_of(const Passing& at, Row row) const ROOM(worker);
  std::string changes(const Passing& at, const Followed& one) const ROOM(worker);
  std::string changes_json(const Passing& at, const Followed& one, const Values& after) const ROOM(worker);
  void add_step(const Passing& at, Followed& one, const char* verdict, const std::string& changes) ROOM(worker);
  std::string opening(const Passing& at, Row row) const ROOM(worker);

  const std::string source_;
  size_t left_;
  const RowForm form_;
  std::vector<Followed> followed_;
  int64_t begun_at_ = 0;    // ns, the bundle's run
  int64_t entered_at_ = 0;  // ns, the element's
  size_t entered_rows_ = 0;
  uint64_t number_ = 0;
};

}  // namespace stook
