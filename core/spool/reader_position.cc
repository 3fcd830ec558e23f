// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The reader's position: moved by acknowledgement, written down, and what it frees. Room: one carrier.
#include <algorithm>
#include <cstring>

#include "core/spool/folder.hh"
#include "core/spool/reader.hh"

namespace stook {

namespace {
constexpr int64_t store_every = 1'000'000'000;
constexpr uint64_t store_bytes = 8 << 20;
}  // namespace

void SpoolReader::acknowledge(uint64_t sequence) {
  while (!out_.empty() && out_.front().after.sequence <= sequence) {
    const Out& out = out_.front();
    shared_.read.records.add(1);
    shared_.read.rows.add(out.rows);
    unstored_bytes_ += out.bytes;
    acknowledged_ = out.after;
    out_.pop_front();
  }
  catch_up();
  const int64_t now = io_.monotonic_ns();
  if (store_at_ < 0) {
    store_at_ = now + store_every;
  }
  const bool is_much = unstored_bytes_ >= store_bytes || acknowledged_.segment > first_live_;
  if (now >= store_at_ || (is_much && !is_store_failing_)) {
    store(now);
  }
}

// With nothing handed out, all that was read is acknowledged, damage and duplicates included.
void SpoolReader::catch_up() {
  if (out_.empty() && is_expected_known_) {
    const uint64_t offset = file_ ? scan_.offset() : is_inside_ ? start_offset_ : acknowledged_.offset;
    const uint64_t segment = is_inside_ ? segment_ : acknowledged_.segment;
    acknowledged_ = {segment, offset, expected_ - 1, rows_expected_};
    const SpoolEnd end = SpoolEnd::of(shared_.end.load(std::memory_order_acquire));
    if (!is_inside_ && end.offset == 0 && shared_.unclaimed.load(std::memory_order_acquire) == end.segment) {
      // The writer may wait for room to make the next segment: what was before it is not kept until then.
      acknowledged_.segment = end.segment;
      acknowledged_.offset = segment_header_size;
    }
  }
  shared_.read.acknowledged_sequence.set(static_cast<int64_t>(acknowledged_.sequence));
  shared_.read.acknowledged_rows.set(static_cast<int64_t>(acknowledged_.rows));
  if (acknowledged_ != stored_ && store_at_ < 0) {
    store_at_ = io_.monotonic_ns() + store_every;
  }
}

int64_t SpoolReader::next_time() const {
  if (open_failures_ > 0) {
    return store_at_ < 0 ? open_again_at_ : std::min(store_at_, open_again_at_);
  }
  return store_at_;
}

void SpoolReader::on_time(int64_t monotonic_now) {
  if (store_at_ >= 0 && monotonic_now >= store_at_) {
    store(monotonic_now);
  }
}

void SpoolReader::close() {
  catch_up();
  store(io_.monotonic_ns());
  file_.reset();
  if (shared_.has_spare.exchange(false, std::memory_order_acq_rel)) {
    io_.unlink(spare_path(shared_.settings.folder));
  }
}

// Writes the position down, and unlinks what is before it once that is on the disk: a position that pointed before a
// segment that is gone would take it for lost.
bool SpoolReader::store(int64_t now) {
  const SpoolEnd end = SpoolEnd::of(shared_.end.load(std::memory_order_acquire));
  if (acknowledged_ != stored_) {
    const SpoolState state{acknowledged_, acknowledged_.segment, end.segment + 1};
    int error = state_.store(shared_.uuid, state);
    if (error == 0 && first_live_ < acknowledged_.segment) {
      error = state_.store(shared_.uuid,
                           state);  // in both slots, or damage to one would make lost what the other has unlinked
    }
    if (error < 0) {
      store_at_ = now + store_every;
      is_store_failing_ = true;
      if (auto pass = state_limit_.pass()) {
        log_event(
            Level::Error, "spool_state_failed",
            Fields()("instance", shared_.settings.id)("reason", std::strerror(-error))("suppressed", pass.suppressed));
      }
      return false;
    }
    stored_ = acknowledged_;
  }
  unstored_bytes_ = 0;
  store_at_ = -1;
  is_store_failing_ = false;
  unlink_acknowledged();
  return true;
}

void SpoolReader::unlink_acknowledged() {
  if (first_live_ >= acknowledged_.segment) {
    return;
  }
  for (; first_live_ < acknowledged_.segment; first_live_ = shared_.next_segment(first_live_)) {
    const std::string path = segment_path(shared_.settings.folder, first_live_);
    SpoolFile file(io_, io_.open(path, SpoolIo::How::Read));
    if (!file) {
      continue;
    }
    const auto size = static_cast<uint64_t>(std::max<int64_t>(0, io_.size(file.get())));
    file.reset();
    if (keep_as_spare(path, size) || io_.unlink(path) == 0) {
      shared_.disk_bytes.fetch_sub(size, std::memory_order_relaxed);
    }
  }
  if (shared_.writer_bell != nullptr) {
    shared_.writer_bell->ring();
  }
}

// A file whose blocks and pages are there is written again at half the price of a new one. It does not count as a segment
// meanwhile.
bool SpoolReader::keep_as_spare(const std::string& path, uint64_t size) {
  const uint64_t usual = shared_.settings.segment_size;
  if (size > usual || size < usual / 2 || shared_.has_spare.load(std::memory_order_acquire) ||
      io_.rename(path, spare_path(shared_.settings.folder)) < 0) {
    return false;
  }
  shared_.has_spare.store(true, std::memory_order_release);
  return true;
}

}  // namespace stook
