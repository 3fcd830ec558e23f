// SPDX-License-Identifier: Apache-2.0
#include "core/run/fate.hh"

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
/// Between the parts of a note; none of them holds it, as they are printable.
constexpr char between = '\x1f';

// The position in its whole of a piece's first row.
size_t first_row(const Payload& piece) {
  auto ends = piece.whole->row_ends();
  return static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), piece.whole_at) - ends.begin());
}

void write(const FollowedRows& followed, size_t first, size_t end, std::string_view fate, std::string_view why) {
  for (const FollowedRows::One& one : followed.rows) {
    if (one.row < first || one.row >= end) {
      continue;
    }
    std::string text = one.fate->read();
    if (text.find(between) != std::string::npos) {
      continue;
    }
    text += between + std::to_string(monotonic_ns()) + between;
    text += fate;
    text += between + printable(why, 160);
    one.fate->write(text);
  }
}
}  // namespace

FollowedRows& FollowedRows::in(Payload& payload) {
  if (FollowedRows* there = of(payload.receipts)) {
    return *there;
  }
  auto made = std::make_unique<FollowedRows>();
  FollowedRows& followed = *made;
  followed.self_ = std::move(made);
  payload.receipts.insert(payload.receipts.begin(), &followed);
  return followed;
}

void FollowedRows::copy(const Payload& from, size_t first, size_t rows, Payload& to) {
  const FollowedRows* followed = of(from.receipts);
  if (followed == nullptr) {
    return;
  }
  for (const One& one : followed->rows) {
    if (one.row < first || one.row >= first + rows) {
      continue;
    }
    FollowedRows& copied = in(to);
    if (copied.rows.empty()) {
      copied.hold();
    }
    copied.rows.push_back({one.row - first + to.rows(), one.fate});
  }
}

void FollowedRows::end(Receipt& receipt) {
  auto last = std::move(static_cast<FollowedRows&>(receipt).self_);
}

void begin_fate(Note& note, std::string_view sink) {
  note.write(printable(sink, 40));
}

void tell_fate(const Payload& payload, std::string_view fate, std::string_view why) {
  if (!is_followed(payload)) {
    return;
  }
  if (payload.whole == nullptr) {
    tell_fate(payload.receipts, fate, why);  // its rows may be gone by now
    return;
  }
  size_t first = first_row(payload);
  write(*FollowedRows::of(payload.whole->receipts), first, first + payload.rows(), fate, why);
}

void tell_fate(const std::vector<Receipt*>& receipts, std::string_view fate, std::string_view why) {
  if (const FollowedRows* followed = FollowedRows::of(receipts)) {
    write(*followed, 0, SIZE_MAX, fate, why);
  }
}

RowFate read_fate(const Note& note) {
  std::string text = note.read();
  std::string_view rest = text;
  RowFate found;
  found.sink = take_part(rest, between);
  std::string unused;
  (void)read_value(take_part(rest, between), found.at, unused);
  found.fate = take_part(rest, between);
  found.why = take_part(rest, between);
  return found;
}

}  // namespace stook
