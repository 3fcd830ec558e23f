// SPDX-License-Identifier: Apache-2.0
#include "core/run/recoded_sink.hh"

#include <algorithm>

#include "core/run/bisection.hh"

namespace stook {

namespace {
/// Twice as many as are offered together.
constexpr size_t copies_most = 128;

const Payload& whole_payload(const Payload& payload) {
  return payload.whole == nullptr ? payload : *payload.whole;
}

// How many of these rows come before `row`.
size_t count_before(const std::vector<size_t>& rows, size_t row) {
  return static_cast<size_t>(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin());
}
}  // namespace

RecodedSink::RecodedSink(const Instance& member, const std::vector<std::string>& meta_keys, const MakeSink& make)
    : recoder_(member, meta_keys),
      sink_(make(recoder_.header())),
      unwritable_(std::string("cannot be written as ") + member.codec->name) {}

bool RecodedSink::Copy::is_of(const Payload& offered) const {
  return whole == &whole_payload(offered) && lane == offered.lane && sequence == offered.sequence;
}

Outcome RecodedSink::deliver(Shipment shipment) {
  recode(shipment);
  refused_.clear();
  is_unwritable_ = inner_.empty();
  Outcome outcome = inner_.empty() ? Outcome::Done : sink_->deliver(inner_);
  if (outcome == Outcome::Done) {
    release(shipment);
    for (size_t row : lost_) {
      refused_.push_back({row, unwritable_});
    }
    return refused_.empty() ? Outcome::Done : Outcome::Refused;
  }
  if (outcome == Outcome::Refused && !sink_->refuses_all()) {
    name_refused(shipment);
  }
  return outcome;
}

// What it has no copy of it was not offered, or has done.
void RecodedSink::forget(Shipment shipment) {
  std::vector<Payload*> known;
  for (Payload* payload : shipment) {
    if (find(*payload) != copies_.end()) {
      known.push_back(payload);
    }
  }
  recode(known);
  if (!inner_.empty()) {
    sink_->forget(inner_);
  }
  release(known);
}

// What the sink is offered for this shipment.
void RecodedSink::recode(Shipment shipment) {
  stretches_.clear();
  inner_.clear();
  lost_.clear();
  pieces_used_ = 0;
  size_t first = 0;
  size_t inner = 0;
  for (const Payload* payload : shipment) {
    Copy& copy = copy_of(*payload);
    auto ends = whole_payload(*payload).row_ends();
    auto begin = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), payload->whole_at) - ends.begin());
    begin = payload->whole_at == 0 ? 0 : begin;
    size_t end = begin + payload->rows();
    stretches_.push_back({&copy, begin, end, first, inner});
    size_t lost_before = count_before(copy.lost, begin);
    size_t lost_until = count_before(copy.lost, end);
    for (size_t i = lost_before; i < lost_until; i++) {
      lost_.push_back(first + copy.lost[i] - begin);
    }
    if (begin - lost_before < end - lost_until) {
      add(copy, begin - lost_before, end - lost_until, payload->whole == nullptr);
      inner += inner_.back()->is_divisible() ? inner_.back()->rows() : 1;
    }
    first += payload->rows();
  }
}

std::vector<std::unique_ptr<RecodedSink::Copy>>::iterator RecodedSink::find(const Payload& offered) {
  return std::find_if(copies_.begin(), copies_.end(), [&](const auto& copy) { return copy->is_of(offered); });
}

// Moves it behind the others.
RecodedSink::Copy& RecodedSink::copy_of(const Payload& offered) {
  auto found = find(offered);
  if (found != copies_.end()) {
    std::rotate(found, found + 1, copies_.end());
    return *copies_.back();
  }
  if (spare_.empty()) {
    spare_.push_back(std::make_unique<Copy>());
  }
  copies_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  Copy& copy = *copies_.back();
  copy.whole = &whole_payload(offered);
  copy.lane = offered.lane;
  copy.sequence = offered.sequence;
  copy.lost = recoder_.recode(*copy.whole, copy.payload);
  return copy;
}

// Rows [begin, end) of a copy.
void RecodedSink::add(Copy& copy, size_t begin, size_t end, bool is_whole) {
  if (is_whole) {
    inner_.push_back(&copy.payload);
    return;
  }
  if (pieces_used_ == pieces_.size()) {
    pieces_.emplace_back();
  }
  Payload& piece = pieces_[pieces_used_++];
  inner_.push_back(&piece);
  if (copy.payload.row_ends().size() == copy.payload.rows()) {
    cut_rows(copy.payload, begin, end, piece);
    return;
  }
  // A format without bytes.
  piece.reset();
  piece.whole = &copy.payload;
  piece.lane = copy.lane;
  piece.sequence = copy.sequence;
  piece.begin_part({});
  piece.count_rows(end - begin);
}

// The row of the shipment that the sink was offered as its n-th.
size_t RecodedSink::outer_row(size_t inner) const {
  auto next = std::upper_bound(stretches_.begin(), stretches_.end(), inner,
                               [](size_t row, const Stretch& stretch) { return row < stretch.inner; });
  const Stretch& stretch = *(next - 1);
  const std::vector<size_t>& lost = stretch.copy->lost;
  size_t row = stretch.begin - count_before(lost, stretch.begin) + inner - stretch.inner;
  for (size_t one : lost) {
    row += one <= row ? 1 : 0;
  }
  return stretch.first + row - stretch.begin;
}

// What the sink refuses by name, or as it was alone, is named beside the rows that it was not offered.
void RecodedSink::name_refused(Shipment shipment) {
  bool is_alone = Bisection::count(inner_) == 1;
  if (Bisection::count(shipment) == 1 || (sink_->refused_rows().empty() && !(is_alone && !lost_.empty()))) {
    return;
  }
  for (const RefusedRow& row : sink_->refused_rows()) {
    refused_.push_back({outer_row(row.row), row.reason});
  }
  if (refused_.empty()) {
    refused_.push_back({outer_row(0), sink_->reason()});
  }
  for (size_t row : lost_) {
    refused_.push_back({row, unwritable_});
  }
  std::sort(refused_.begin(), refused_.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
}

// The last of its payloads may have more pieces to come. What others have brought to its end is not heard of again.
void RecodedSink::release(Shipment shipment) {
  for (const Payload* payload : shipment) {
    auto found = find(*payload);
    bool is_done = payload->whole_at + payload->size() >= whole_payload(*payload).size();
    if (is_done && found != copies_.end()) {
      spare_.push_back(std::move(*found));
      copies_.erase(found);
    }
  }
  while (copies_.size() > copies_most) {
    spare_.push_back(std::move(copies_.front()));
    copies_.erase(copies_.begin());
  }
}

}  // namespace stook
