// SPDX-License-Identifier: Apache-2.0
#include "core/run/bisection.hh"

#include <algorithm>
#include <utility>

namespace stook {

void cut_rows(const Payload& whole, size_t begin, size_t end, Payload& piece) {
  piece.reset();
  auto ends = whole.row_ends();
  piece.whole = &whole;
  piece.whole_at = begin == 0 ? 0 : ends[begin - 1];
  piece.lane = whole.lane;
  piece.sequence = whole.sequence;
  piece.sealed_at = whole.sealed_at;
  size_t first = 0;  // row of the part
  for (size_t i = 0; i < whole.parts(); i++) {
    const Payload::Part& part = whole.part(i);
    size_t from = std::max(begin, first);
    size_t to = std::min(end, first + part.rows);
    first += part.rows;
    if (from >= to) {
      continue;
    }
    piece.begin_part(part.address);
    size_t at = from == 0 ? 0 : ends[from - 1];
    for (size_t row = from; row < to; row++) {
      piece.append(whole.bytes().substr(at, ends[row] - at));
      piece.end_row();
      at = ends[row];
    }
    piece.count_rows(to - from);
  }
}

size_t Bisection::count(Shipment shipment) {
  size_t rows = 0;
  for (const Payload* payload : shipment) {
    rows += payload->is_divisible() ? payload->rows() : 1;
  }
  return rows;
}

void Bisection::begin(Shipment shipment, uint32_t attempts) {
  gather(shipment, attempts);
  halve();
}

void Bisection::begin(Shipment shipment, uint32_t attempts, std::span<const RefusedRow> refused) {
  gather(shipment, attempts);
  judge(refused);
}

void Bisection::gather(Shipment shipment, uint32_t attempts) {
  portions_.clear();
  collected_ = 0;
  final_ = 0;
  size_t rows = 0;
  for (Payload* payload : shipment) {
    size_t more = payload->is_divisible() ? payload->rows() : 1;
    portions_.push_back({payload, rows, rows + more, Fate::Done});
    rows += more;
  }
  todo_.push_back({0, rows, attempts, true, false});
}

// The last row comes first, as the next range is the last of todo_.
void Bisection::judge(std::span<const RefusedRow> refused) {
  Range range = todo_.back();
  todo_.pop_back();
  offered_.clear();
  size_t end = range.end;
  auto add = [&](size_t begin, Verdict verdict) {
    if (begin < end) {
      todo_.push_back({begin, end, range.attempts, false, false, std::move(verdict)});
    }
    end = begin;
  };
  for (size_t i = refused.size(); i > 0; i--) {
    size_t row = range.begin + refused[i - 1].row;
    add(row + 1, {Fate::Done, {}});
    add(row, {Fate::Refused, refused[i - 1].reason});
  }
  add(range.begin, {Fate::Done, {}});
}

// The smaller half comes first: it is the one that costs a request even when it is innocent.
void Bisection::halve() {
  Range range = todo_.back();
  todo_.pop_back();
  size_t middle = range.begin + (range.end - range.begin) / 2;
  todo_.push_back({middle, range.end, range.attempts, false, false});
  todo_.push_back({range.begin, middle, range.attempts, false, true});
}

void Bisection::add(const Portion& portion, const Range& range) {
  size_t begin = std::max(portion.begin, range.begin);
  size_t end = std::min(portion.end, range.end);
  if (begin >= end) {
    return;
  }
  if (begin == portion.begin && end == portion.end) {
    offered_.push_back(portion.payload);
    return;
  }
  // A range has two ends, so at most two payloads are cut.
  Payload& piece = pieces_[pieces_used_++];
  cut_rows(*portion.payload, begin - portion.begin, end - portion.begin, piece);
  offered_.push_back(&piece);
}

Shipment Bisection::offer() {
  while (todo_.back().is_guilty && todo_.back().end - todo_.back().begin > 1) {
    halve();
  }
  if (offered_.empty()) {
    pieces_used_ = 0;
    for (const Portion& portion : portions_) {
      add(portion, todo_.back());
    }
  }
  return offered_;
}

bool Bisection::split() {
  if (todo_.back().end - todo_.back().begin == 1) {
    return false;
  }
  offered_.clear();
  halve();
  return true;
}

void Bisection::settle(Fate fate) {
  Range range = todo_.back();
  todo_.pop_back();
  offered_.clear();
  final_ = range.end;
  for (Portion& portion : portions_) {
    if (portion.begin < range.end && portion.end > range.begin) {
      portion.worst = std::max(portion.worst, fate);
    }
  }
  if (range.judges_other && fate == Fate::Done) {
    todo_.back().is_guilty = true;
  }
}

size_t Bisection::stop() {
  size_t rows = 0;
  for (size_t i = collected_; is_active() && i < portions_.size(); i++) {
    const Portion& portion = portions_[i];
    rows += std::clamp(final_, portion.begin, portion.end) - portion.begin;
  }
  todo_.clear();
  offered_.clear();
  return rows;
}

void Bisection::collect(std::vector<Settled>& settled) {
  while (collected_ < portions_.size() && portions_[collected_].end <= final_) {
    settled.push_back({portions_[collected_].payload, portions_[collected_].worst, 0});
    collected_++;
  }
}

}  // namespace stook
