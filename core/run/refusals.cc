// SPDX-License-Identifier: Apache-2.0
#include "core/run/refusals.hh"

#include <utility>

#include "core/base/clock.hh"
#include "core/plan/edges.hh"
#include "core/run/front.hh"
#include "core/run/posting.hh"

namespace stook {

namespace {
/// So many refusals are on their way at most, and so many bytes but for the last of them.
constexpr size_t refusals_most = 256;
constexpr size_t bytes_most = 8 << 20;
/// What an empty refusal keeps.
constexpr size_t bytes_kept = 64 << 10;
}  // namespace

void Refusal::fill(Shipment shipment, std::string_view why, uint64_t attempts_) {
  bytes.clear();
  if (bytes.capacity() > bytes_kept) {
    bytes.shrink_to_fit();
  }
  rows.clear();
  addresses.clear();
  all_rows = 0;
  for (const Payload* payload : shipment) {
    each_row(*payload, [&](size_t, size_t count, std::string_view address, std::string_view text) {
      if (addresses.empty() || addresses.back() != address) {
        addresses.emplace_back(address);
      }
      bytes += text;
      rows.push_back({bytes.size(), addresses.size() - 1, count});
      all_rows += count;
    });
  }
  reason = why;
  attempts = attempts_;
  time = wall_ns();
}

Refusals::Refusals(std::string sink_, Front& front)
    : sink(std::move(sink_)),
      front_(front),
      pool_(refusals_most, [] { return std::make_unique<Refusal>(); }),
      link_(refusals_most) {}

bool Refusals::has_room() const {
  return pool_.home() > 0 && bytes_out_ < bytes_most && is_open_.load(std::memory_order_acquire);
}

void Refusals::send(Shipment shipment, std::string_view reason, uint64_t attempts) {
  Refusal* refusal = pool_.take();
  refusal->fill(shipment, reason, attempts);
  refusal->number = ++sent_;
  bytes_out_ += refusal->bytes.size();
  rows_out_ += refusal->all_rows;
  link_.send(refusal);
  front_.wake();
}

size_t Refusals::collect() {
  size_t rows = 0;
  while (Refusal* refusal = link_.come_home()) {
    settled_ = refusal->number;
    bytes_out_ -= refusal->bytes.size();
    rows_out_ -= refusal->all_rows;
    size_t counted = std::min(abandoned_rows_, refusal->all_rows);
    abandoned_rows_ -= counted;
    rows += refusal->all_rows - counted;
    pool_.put(refusal);
  }
  return rows;
}

size_t Refusals::abandon() {
  size_t rows = rows_out_ - abandoned_rows_;
  abandoned_rows_ = rows_out_;
  is_abandoned_.store(true, std::memory_order_release);
  return rows;
}

void Refusals::want_flush(bool is_wanted) {
  if (flush_wanted_.load(std::memory_order_relaxed) == is_wanted) {
    return;
  }
  flush_wanted_.store(is_wanted, std::memory_order_release);
  if (is_open_.load(std::memory_order_acquire)) {
    front_.wake();
  }
}

void Refusals::wake() {
  front_.wake();
}

void Refusals::end_soon() {
  if (!is_last_.exchange(true, std::memory_order_acq_rel)) {
    front_.wake();
  }
}

void RefusalSource::read() {
  while (!is_paused_ && feed_one()) {}
  feed_->seal();
}

// False: there is none, or no room for all of it.
bool RefusalSource::feed_one() {
  if (current_ == nullptr) {
    current_ = refusals_->receive();
    next_ = 0;
  }
  if (current_ == nullptr) {
    return false;
  }
  while (next_ < current_->rows.size()) {
    Bundle* bundle = feed_->bundle();
    if (bundle == nullptr) {
      return false;
    }
    put(*bundle, next_++);
  }
  feed_->mark(0, current_->number);
  fed_.push_back(std::exchange(current_, nullptr));
  return true;
}

void RefusalSource::put(Bundle& bundle, size_t at) {
  const Refusal::Row& refused = current_->rows[at];
  size_t begin = at == 0 ? 0 : current_->rows[at - 1].end;
  std::string_view bytes(current_->bytes.data() + begin, refused.end - begin);
  feed_->count_bytes(bytes.size());
  if (!bytes.empty() && bytes.back() == '\n') {
    bytes.remove_suffix(1);
  }
  Row row = bundle.append();
  auto put_cell = [&](RefusedKey key, const Cell& cell) {
    if (feed_->out(key) != no_key) {
      bundle.put(feed_->out(key), row, cell);
    }
  };
  put_cell(refused_message, Cell::of_text(bundle.arena().copy(bytes)));
  put_cell(refused_reason, Cell::of_text(bundle.arena().copy(current_->reason)));
  put_cell(refused_sink, Cell::of_text(bundle.arena().copy(refusals_->sink)));
  put_cell(refused_attempts, Cell::of_unsigned(current_->attempts));
  put_cell(refused_time, Cell::of_time(current_->time));
  if (refused.rows != 1) {
    put_cell(refused_rows, Cell::of_unsigned(refused.rows));
  }
  if (!current_->addresses[refused.address].empty()) {
    put_cell(refused_address, Cell::of_text(bundle.arena().copy(current_->addresses[refused.address])));
  }
}

void RefusalSource::acknowledged(std::span<const Mark> marks) {
  for (const Mark& mark : marks) {
    size_t settled = 0;
    while (settled < fed_.size() && fed_[settled]->number <= mark.position) {
      refusals_->give_back(fed_[settled++]);
    }
    fed_.erase(fed_.begin(), fed_.begin() + static_cast<std::ptrdiff_t>(settled));
  }
}

void RefusalSource::stop() {
  refusals_->close();
  if (refusals_->is_abandoned()) {
    lose_rest();
  }
}

// Nobody will offer them again.
void RefusalSource::lose_rest() {
  for (; current_ != nullptr; current_ = refusals_->receive(), next_ = 0) {
    feed_->lose(Loss::Pool, current_->rows.size() - next_);
  }
}

}  // namespace stook
