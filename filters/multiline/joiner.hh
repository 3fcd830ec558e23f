// SPDX-License-Identifier: Apache-2.0
/// Joins the lines of each stream to events, bundle by bundle.
///
/// An event that ends in the bundle where it began keeps the row of its first line. One that is still open when its
/// bundle leaves is copied out, and the bundle's receipt is held. When it ends, it takes the row of a line that was joined
/// to it. Where there is none, because the next event begins at once, it takes that event's row, which moves to the next
/// row of its stream, and so on until a row is free: a joined line's, or that of the last event, which is copied out.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/data/time_text.hh"
#include "filters/multiline/config.hh"
#include "filters/multiline/lines_judge.hh"
#include "filters/multiline/streams.hh"

namespace stook {

/// *Invariants:* between batches all events are copied out; each holds the receipts of all bundles with lines of it;
/// rows_in + appended = rows_out + held, where a row that is given to an event from before counts in both.
/// *Rooms:* one replica, its worker.
class Joiner {
 public:
  /// What is remembered at most; what is beyond is handed on early, the longest unused stream first.
  static constexpr size_t max_streams = 256;
  static constexpr size_t max_receipts = 10'000;
  static constexpr int64_t max_age = 60'000'000'000;

  explicit Joiner(const MultilineConfig& config);
  void run(Batch& batch) ROOM(worker);
  /// Hands on what has had no line for `flush`, and cuts what is older than max_age.
  void tick(Batch& batch, int64_t now, bool is_last) ROOM(worker);

 private:
  struct Move {
    Row from;
    Row to;
  };
  /// A row's line without what its rule takes off.
  struct Line {
    std::string_view text;
    bool has_text = false;
    bool is_changed = false;
    char part = 0;  // cri: P or F, else 0
    char side = 0;  // cri: the first letter of the stream
    Cell time = {};
    std::string_view stream;
  };

  void begin(Batch& batch) ROOM(worker);
  Line line_of(Row row) ROOM(worker);
  void read_cri(Line& line) ROOM(worker);
  EventStream& stream_of(Row row, char side) ROOM(worker);
  LineVerdict judge(const Line& line, uint8_t state) ROOM(worker);
  void take(Row row) ROOM(worker);
  bool take_further(EventStream& stream, Row row, const Line& line, const LineVerdict& verdict) ROOM(worker);
  void take_first(EventStream& stream, Row row, const Line& line, const LineVerdict& verdict, bool is_orphan)
      ROOM(worker);
  bool fits(const Event& event, const Line& line) const;
  void add(Event& event, const Line& line, const LineVerdict& verdict, Row row) ROOM(worker);
  void complete(EventStream& stream) ROOM(worker);
  void place(std::unique_ptr<Event> event) ROOM(worker);

  void finish() ROOM(worker);
  void copy_out(Event& event) ROOM(worker);
  void move_rows() ROOM(worker);
  void clear_row(Row row) ROOM(worker);
  void write_copy(Event& event, Row row) ROOM(worker);
  bool append(EventStream& stream) ROOM(worker);
  void cut(EventStream& stream) ROOM(worker);
  void forget_streams() ROOM(worker);
  void hold() ROOM(worker);

  const MultilineConfig& config_;
  LinesJudge judge_;
  std::string separator_;
  TimeReader times_;
  EventStreams streams_;
  uint64_t lines_ = 0;
  size_t receipts_ = 0;

  // Of the batch at hand.
  Batch* batch_ = nullptr;
  Column* texts_ = nullptr;
  const Column* truncated_ = nullptr;
  Column* cri_time_ = nullptr;
  Column* cri_stream_ = nullptr;
  std::vector<const Column*> by_;
  std::vector<Cell> last_by_;  // of the row before; Mixed: absent
  char last_side_ = 0;
  EventStream* last_ = nullptr;
  std::string key_;
  std::array<bool, Column::max_rows> is_kept_ = {};
  std::vector<EventStream*> touched_;
  std::vector<Move> moves_;
  std::vector<std::unique_ptr<Event>> emitted_;
};

}  // namespace stook
