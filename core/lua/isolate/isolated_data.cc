// SPDX-License-Identifier: Apache-2.0
/// What the process of an isolated script sends.
#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <cstring>

#include "core/base/clock.hh"
#include "core/lua/isolate/isolated_run.hh"
#include "core/lua/typed.hh"

namespace stook {

// Once, so that others have their turn. False: there was nothing.
bool IsolatedRun::read() {
  ssize_t got = ::read(data_.get(), bytes_.get(), read_size);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return false;
  }
  is_at_end_ = got <= 0;
  if (got > 0) {
    feed_.count_bytes(static_cast<uint64_t>(got));
    cutter_.add({bytes_.get(), static_cast<size_t>(got)});
  }
  return true;
}

// False: there is no room for rows.
bool IsolatedRun::take_all() {
  if (!take_rows() || !written_.drain()) {
    return false;
  }
  Slip slip;
  for (SlipCutter::Step step = cutter_.next(slip); step != SlipCutter::Step::More; step = cutter_.next(slip)) {
    if (step == SlipCutter::Step::Wrong) {
      go_wrong("its process does not keep to what they speak");
      return true;
    }
    if (!take(slip)) {
      return false;
    }
  }
  return !is_at_end_ || take_torn();
}

// Of a slip that was cut short by the end what is whole: rows, and objects of text.
bool IsolatedRun::take_torn() {
  Slip slip;
  bool has_whole = cutter_.take_rest(slip) && (slip.kind == SlipKind::Rows || slip.kind == SlipKind::Text);
  is_torn_ = is_torn_ || has_whole;
  return !has_whole || take(slip);
}

bool IsolatedRun::take(const Slip& slip) {
  switch (slip.kind) {
    case SlipKind::Rows:
      rows_ = SlipRows(slip.bytes);
      return take_rows();
    case SlipKind::Text:
      written_.add(slip.bytes);
      return written_.drain();
    case SlipKind::Commit:
      tokens_.commit(slip.bytes);
      return true;
    case SlipKind::Listens:
      told_.is_listening = true;
      acknowledged();
      say_words();
      return true;
    case SlipKind::Failed:
      verdict_ = Verdict::Failed;
      std::memcpy(&line_, slip.bytes.data(), std::min(slip.bytes.size(), sizeof line_));
      message_ = slip.bytes.substr(std::min(slip.bytes.size(), sizeof line_));
      begin_grace();
      return true;
    case SlipKind::Ended:
      verdict_ = Verdict::Ended;
      begin_grace();
      return true;
    default:
      go_wrong("its process sends what only goes to it");
      return true;
  }
}

bool IsolatedRun::take_rows() {
  while (!rows_.is_empty()) {
    Bundle* bundle = feed_.bundle();
    if (bundle == nullptr) {
      return false;
    }
    if (!put_row(*bundle)) {
      rows_ = SlipRows();
      if (!is_torn_) {
        go_wrong("its process sends rows that are none");
        return true;
      }
      feed_.lose(Loss::Framing, 1);
    }
  }
  return true;
}

// False: the bytes are no row of these keys.
bool IsolatedRun::put_row(Bundle& bundle) {
  cells_.clear();
  bool is_right = true;
  bool is_read = rows_.next([&](size_t place, const Cell& cell) {
    is_right = is_right && place < keys_.size() && (cell.type == Type::Null || is_of(keys_[place].type, cell.type));
    cells_.emplace_back(place, cell);
  });
  if (!is_read || !is_right) {
    return false;
  }
  if (bundle.rows() == 0) {
    tokens_.begin_bundle(feed_);
  }
  Row row = bundle.append();
  for (auto& [place, cell] : cells_) {
    KeyId id = feed_.out(place);
    if (id == no_key || place == time_) {
      continue;
    }
    if (cell.is_slice()) {
      cell.data = bundle.arena().copy(cell.bytes()).data();
    }
    bundle.put(id, row, cell);
  }
  if (time_ < keys_.size() && feed_.out(time_) != no_key) {
    bundle.put(feed_.out(time_), row, Cell::of_time(wall_ns()));
  }
  return true;
}

// The script has broken out of its process's bounds, or that is not what it was: nothing of it is believed any more.
void IsolatedRun::go_wrong(std::string_view what) {
  feed_.lose(Loss::Framing, 1);
  verdict_ = Verdict::Failed;
  message_ = what;
  line_ = 0;
  cutter_ = SlipCutter(brief_.limits.memory + margin);
  child_.signal(SIGKILL);
  is_at_end_ = true;
}

// Counts what is left of rows: those at hand, and those in the pipe.
uint64_t IsolatedRun::abandon() {
  uint64_t rows = 0;
  auto count = [&] {
    for (; !rows_.is_empty(); rows++) {
      if (!rows_.next([](size_t, const Cell&) {})) {
        rows_ = SlipRows();
      }
    }
  };
  count();
  // A pipe is bounded, and its writer is dead.
  while (!is_at_end_ && data_ && read()) {}
  Slip slip;
  while (cutter_.next(slip) == SlipCutter::Step::Slip) {
    if (slip.kind == SlipKind::Rows) {
      rows_ = SlipRows(slip.bytes);
      count();
    } else if (slip.kind == SlipKind::Text) {
      written_.add(slip.bytes);
    }
  }
  return rows + written_.abandon() + (cutter_.has_rest() ? 1 : 0);
}

}  // namespace stook
