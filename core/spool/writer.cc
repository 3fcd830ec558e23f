// SPDX-License-Identifier: Apache-2.0
#include "core/spool/writer.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/crc32c.hh"

namespace stook {

SpoolWriter::SpoolWriter(SpoolShared& shared)
    : shared_(shared),
      io_(shared.io),
      next_id_(shared.first_new),
      last_(shared.next_sequence - 1),
      durable_(last_),
      rows_(shared.rows_ever),
      durable_rows_(rows_),
      dropped_file_(shared.io, shared.settings.folder),
      scan_(shared.io, shared.seed) {
  dropped_ = dropped_file_.load(shared.uuid);
  segment_.id = next_id_;
}

SpoolAnswer SpoolWriter::append(Payload& payload) {
  const SpoolAnswer answer = body_length(payload) > record_body_most ? append_pieces(payload) : append_record(payload);
  if (answer != SpoolAnswer::Full || shared_.settings.full == SpoolFull::Block || piece_row_ > 0) {
    return answer;
  }
  shared_.written.dropped_records.add(1);
  shared_.written.dropped_rows.add(payload.rows());
  return SpoolAnswer::Dropped;
}

// A payload of many long rows, as several records. What is appended is remembered until the rest is taken, too: the caller
// offers the same payload again.
SpoolAnswer SpoolWriter::append_pieces(const Payload& payload) {
  constexpr size_t piece_most = record_body_most - (64 << 10);  // less the tables and an address
  const auto ends = payload.row_ends();
  uint32_t begin = 0;
  for (uint32_t end : ends) {
    if (end - begin > piece_most) {
      reason_ = "a row of " + std::to_string(end - begin) + " bytes is longer than a record of the spool may be";
      return SpoolAnswer::Refused;
    }
    begin = end;
  }
  if (ends.empty() || ends.size() != payload.rows()) {
    reason_ =
        "a payload of " + std::to_string(payload.size()) + " bytes without row ends is longer than a record may be";
    return SpoolAnswer::Refused;
  }
  size_t row = 0;
  for (size_t i = 0; i < payload.parts(); i++) {
    const size_t part_end = row + payload.part(i).rows;
    row = std::max(row, piece_row_);
    while (row < part_end) {
      const uint32_t from = row == 0 ? 0 : ends[row - 1];
      size_t to = row + 1;
      while (to < part_end && ends[to] - from <= piece_most && to - row < 4096) {
        to++;
      }
      piece_.reset();
      piece_.sealed_at = payload.sealed_at;
      piece_.begin_part(payload.part(i).address);
      piece_.count_rows(to - row);
      piece_.append(payload.bytes().substr(from, ends[to - 1] - from));
      for (size_t each = row; each < to; each++) {
        piece_.end_row_at(ends[each] - from);
      }
      const SpoolAnswer answer = append_record(piece_);
      if (answer != SpoolAnswer::Taken) {
        return answer;
      }
      piece_row_ = row = to;
    }
  }
  piece_row_ = 0;
  return SpoolAnswer::Taken;
}

SpoolAnswer SpoolWriter::append_record(Payload& payload) {
  if (is_poisoned_ && !rescue()) {
    return SpoolAnswer::Failed;
  }
  const uint64_t size = record_size(body_length(payload));
  if (!has_place(size)) {
    const SpoolAnswer answer = roll(size);
    if (answer != SpoolAnswer::Taken) {
      return answer;
    }
  }
  if (!write_record(payload, size)) {
    // A place on the disk may be bad: once more in another segment, unless this one is new.
    if (segment_.records == 0 || roll(size) != SpoolAnswer::Taken || !write_record(payload, size)) {
      return SpoolAnswer::Failed;
    }
  }
  relay(payload, size);
  publish();
  const SpoolSettings& settings = shared_.settings;
  if (settings.sync == SpoolSync::Never) {
    pending_.clear();
    durable_ = last_;
    durable_rows_ = rows_;
    shared_.written.durable_sequence.set(static_cast<int64_t>(durable_));
    return SpoolAnswer::Taken;
  }
  if (settings.sync == SpoolSync::Always || pending_.size() >= settings.sync_bytes) {
    announce();  // the reader need not wait for the disk
    sync();      // a failure leaves the record in memory and in the file, not durable
  } else if (sync_at_ < 0) {
    sync_at_ = io_.monotonic_ns() + settings.sync_every;
  }
  return SpoolAnswer::Taken;
}

// Puts the record behind the pending ones and into the file. After a failure neither has it.
bool SpoolWriter::write_record(const Payload& payload, uint64_t size) {
  const size_t start = pending_.size();
  const int64_t age = payload.sealed_at == 0 ? 0 : io_.monotonic_ns() - payload.sealed_at;
  put_record(payload, last_ + 1, rows_, io_.wall_ns() - age, shared_.seed, pending_);
  const int error = write_last(segment_, start, segment_.offset);
  if (error < 0) {
    pending_.resize(start);
    segment_.has_scrap = true;
    return fail("append to", error);
  }
  segment_.rolling_crc = crc32c({pending_.data() + start, record_header_size}, segment_.rolling_crc);
  segment_.offset += size;
  segment_.records++;
  last_++;
  rows_ += payload.rows();
  shared_.written.records.add(1);
  shared_.written.rows.add(payload.rows());
  shared_.written.bytes.add(size);
  return true;
}

// Writes what is pending from there on. In a file that was used before a header's worth of zeros goes behind it, which the
// next record overwrites: where a scan finds them, it ends.
int SpoolWriter::write_last(const Segment& segment, size_t from, uint64_t offset) {
  const size_t size = pending_.size();
  if (segment.is_reused) {
    pending_.resize(size + record_header_size);
    std::fill_n(pending_.data() + size, record_header_size, '\0');
  }
  const int error = write_all(io_, segment.file.get(), pending_.data() + from, pending_.size() - from, offset);
  pending_.resize(size);
  return error;
}

// Spares the reader the last record's bytes. REQUIRES: the record is written and not published.
void SpoolWriter::relay(Payload& payload, uint64_t size) {
  if (!payload.row_ends().empty() && payload.row_ends().size() != payload.rows()) {
    return;  // the record does not have them
  }
  const int64_t sealed_at = payload.sealed_at == 0 ? io_.monotonic_ns() : payload.sealed_at;
  const RecordPlace place{segment_.id, segment_.offset - size, segment_.offset, last_, rows_ - payload.rows()};
  shared_.relay.pass(place, payload, sealed_at);
}

// Lets the reader see what is written.
void SpoolWriter::publish() {
  shared_.written.last_sequence.set(static_cast<int64_t>(last_));
  shared_.written.rows_ever.set(static_cast<int64_t>(rows_));
  shared_.end.store(SpoolEnd{segment_.id, segment_.offset}.word(), std::memory_order_release);
  is_announced_ = false;
}

void SpoolWriter::announce() {
  if (!std::exchange(is_announced_, true) && shared_.reader_bell != nullptr) {
    shared_.reader_bell->ring();
  }
}

bool SpoolWriter::sync() {
  if (sync_all()) {
    return true;
  }
  sync_at_ = io_.monotonic_ns() + 1'000'000'000;
  return false;
}

bool SpoolWriter::sync_all() {
  if (is_poisoned_) {
    return rescue();
  }
  if (durable_ == last_) {
    return true;
  }
  if (!sync_segment(segment_)) {
    return rescue();
  }
  settle();
  return true;
}

// Everything is durable.
void SpoolWriter::settle() {
  durable_ = last_;
  durable_rows_ = rows_;
  shared_.written.durable_sequence.set(static_cast<int64_t>(durable_));
  pending_.clear();
  if (pending_.capacity() > shared_.settings.sync_bytes + (size_t{1} << 20)) {
    pending_.shrink_to_fit();
  }
  sync_at_ = -1;
}

// Syncs the file, and its entry in the folder the first time. A failure poisons the segment.
bool SpoolWriter::sync_segment(Segment& segment) {
  shared_.written.syncs.add(1);
  int error = io_.sync(segment.file.get());
  if (error == 0 && !segment.is_entry_durable) {
    error = io_.sync_folder(shared_.settings.folder);
    segment.is_entry_durable = error == 0;
  }
  if (error < 0) {
    shared_.written.sync_failures.add(1);
    is_poisoned_ = true;
    return fail("sync", error);
  }
  return true;
}

// After a failed sync the kernel may have thrown away what was written, and the next sync of that file would say nothing
// of it. So all that is not durable goes from memory to a new segment, with the same sequences; the reader passes those
// that it has had. Until that is synced, nothing is acknowledged.
bool SpoolWriter::rescue() {
  Segment fresh;
  int error = make_segment(pending_.size(), durable_ + 1, durable_rows_, fresh);
  if (error < 0) {
    return fail("make a new segment of", error);
  }
  error = write_last(fresh, 0, segment_header_size);
  if (error < 0 || !sync_segment(fresh)) {
    discard(fresh);
    return error < 0 ? fail("append to a new segment of", error) : false;
  }
  for (size_t at = 0; at < pending_.size(); fresh.records++) {
    auto header = read_record_header(pending_.data() + at, shared_.seed);
    fresh.rolling_crc = crc32c({pending_.data() + at, record_header_size}, fresh.rolling_crc);
    at += record_size(header->length);
  }
  fresh.offset = segment_header_size + pending_.size();
  // No footer: nothing more is believed of it than what verifies.
  if (io_.truncate(segment_.file.get(), segment_.offset) == 0) {
    shared_.disk_bytes.fetch_sub(segment_.capacity - segment_.offset, std::memory_order_relaxed);
  }
  segment_ = std::move(fresh);
  is_poisoned_ = false;
  settle();
  publish();
  return true;
}

int64_t SpoolWriter::next_time() const {
  return sync_at_;
}

bool SpoolWriter::on_time(int64_t monotonic_now) {
  return sync_at_ < 0 || monotonic_now < sync_at_ || sync();
}

bool SpoolWriter::close() {
  announce();
  if (!sync()) {
    return false;
  }
  if (segment_.file) {
    seal();
    if (shared_.settings.sync != SpoolSync::Never) {
      io_.sync(segment_.file.get());  // of the footer only; without it the next start reads the segment through
    }
    segment_.file.reset();
  }
  return true;
}

bool SpoolWriter::fail(const char* deed, int error) {
  reason_ = std::string("cannot ") + deed + " the spool " + shared_.settings.folder + ": " + std::strerror(-error);
  if (auto pass = fail_limit_.pass()) {
    log_event(Level::Error, "spool_failed",
              Fields()("instance", shared_.settings.id)("reason", reason_)("suppressed", pass.suppressed));
  }
  return false;
}

}  // namespace stook
