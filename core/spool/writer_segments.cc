// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The writer's segments: made, sealed, and dropped when the spool is full. Room: one carrier.
#include <algorithm>
#include <cerrno>

#include "core/base/text.hh"
#include "core/spool/folder.hh"
#include "core/spool/writer.hh"

namespace stook {

// Leaves the segment for a new one that a record of this size fits in.
SpoolAnswer SpoolWriter::roll(uint64_t size) {
  const uint64_t capacity =
      std::max<uint64_t>(shared_.settings.segment_size, segment_header_size + size + segment_footer_size);
  if (make_room(capacity) != SpoolAnswer::Taken) {
    leave_segment();
    return SpoolAnswer::Full;
  }
  const uint64_t left = segment_.id;
  if (!sync()) {
    return SpoolAnswer::Failed;
  }
  if (segment_.id != left && has_place(size)) {
    return SpoolAnswer::Taken;  // the sync failed, and the records went to a new segment
  }
  if (segment_.file && !segment_.is_sealed) {
    seal();
  }
  Segment fresh;
  const int error = make_segment(size, last_ + 1, rows_, fresh);
  if (error == -ENOSPC || error == -EDQUOT) {
    reason_ = "the disk of the spool " + shared_.settings.folder + " is full";
    leave_segment();
    return SpoolAnswer::Full;
  }
  if (error < 0) {
    fail("make a new segment of", error);
    return SpoolAnswer::Failed;
  }
  segment_ = std::move(fresh);
  publish();
  return SpoolAnswer::Taken;
}

// Without room for another segment the present one is left, so that the reader may free it: else both would wait for ever.
void SpoolWriter::leave_segment() {
  const uint64_t id = segment_.id;
  if (!segment_.file || !sync() || segment_.id != id) {
    return;
  }
  if (!segment_.is_sealed) {
    seal();
  }
  segment_ = Segment();
  segment_.id = next_id_;
  publish();
}

// Makes and reserves the next segment and writes its header. What was made is taken back after a failure.
int SpoolWriter::make_segment(uint64_t size, uint64_t first_sequence, uint64_t rows_before, Segment& into) {
  into.id = next_id_;
  into.capacity = std::max<uint64_t>(shared_.settings.segment_size, segment_header_size + size + segment_footer_size);
  into.offset = segment_header_size;
  into.first_sequence = first_sequence;
  into.rolling_crc = shared_.seed;
  char header[segment_header_size];
  put_segment_header({static_cast<uint32_t>(into.capacity), shared_.uuid, into.id, first_sequence, rows_before,
                      shared_.settings.is_recoded},
                     header);
  if (reuse_file(into, header)) {
    shared_.disk_bytes.fetch_add(into.capacity, std::memory_order_relaxed);
    next_id_++;
    return 0;
  }
  const int file = io_.open(segment_path(shared_.settings.folder, into.id), SpoolIo::How::Create);
  if (file == -EEXIST) {
    next_id_++;  // somebody's; the next number will do
  }
  if (file < 0) {
    return file;
  }
  into.file = SpoolFile(io_, file);
  shared_.disk_bytes.fetch_add(into.capacity, std::memory_order_relaxed);
  int error = io_.reserve(file, into.capacity);
  error = error < 0 ? error : write_all(io_, file, header, sizeof header, 0);
  if (error < 0) {
    discard(into);
    return error;
  }
  next_id_++;
  return 0;
}

// The spare file becomes the segment: first its header, and zeros for a scan to end at, then its name, so that at no moment
// bytes of former sequences look like this segment's. False: there is none, or it is of no use, and is gone.
bool SpoolWriter::reuse_file(Segment& into, const char* header) {
  if (into.capacity != shared_.settings.segment_size || !shared_.has_spare.exchange(false, std::memory_order_acq_rel)) {
    return false;
  }
  const std::string spare = spare_path(shared_.settings.folder);
  into.file = SpoolFile(io_, io_.open(spare, SpoolIo::How::Write));
  char begin[segment_header_size + record_header_size] = {};
  std::copy_n(header, segment_header_size, begin);
  if (into.file && io_.reserve(into.file.get(), into.capacity) == 0 &&
      write_all(io_, into.file.get(), begin, sizeof begin, 0) == 0 &&
      io_.rename(spare, segment_path(shared_.settings.folder, into.id)) == 0) {
    into.is_reused = true;
    return true;
  }
  into.file.reset();
  io_.unlink(spare);
  return false;
}

// Takes back a segment that the reader has not heard of.
void SpoolWriter::discard(Segment& segment) {
  segment.file.reset();
  io_.unlink(segment_path(shared_.settings.folder, segment.id));
  shared_.disk_bytes.fetch_sub(segment.capacity, std::memory_order_relaxed);
}

// Writes the footer and gives back what is behind it. Neither failure matters: without a footer the end is found by the
// records, and what is not given back is blank. REQUIRES: all records are durable, as the footer vouches for them.
void SpoolWriter::seal() {
  char footer[segment_footer_size];
  put_segment_footer({segment_.id, segment_.records, last_, rows_, segment_.rolling_crc}, shared_.seed, footer);
  write_all(io_, segment_.file.get(), footer, sizeof footer, segment_.offset);
  const uint64_t size = segment_.offset + sizeof footer;
  if (io_.truncate(segment_.file.get(), size) == 0) {
    shared_.disk_bytes.fetch_sub(segment_.capacity - size, std::memory_order_relaxed);
    segment_.capacity = size;
  }
  segment_.is_sealed = true;
  if (segment_.has_scrap && shared_.settings.sync != SpoolSync::Never) {
    io_.sync(segment_.file.get());  // the scrap may be a whole record, whose sequence another one is about to get
  }
}

SpoolAnswer SpoolWriter::make_room(uint64_t capacity) {
  while (!has_room(capacity)) {
    if (shared_.settings.full == SpoolFull::DropOldest && drop_oldest()) {
      continue;
    }
    if (auto pass = full_limit_.pass()) {
      log_event(Level::Warning, "spool_full",
                Fields()("instance", shared_.settings.id)("reason", reason_)("suppressed", pass.suppressed));
    }
    return SpoolAnswer::Full;
  }
  return SpoolAnswer::Taken;
}

bool SpoolWriter::has_room(uint64_t capacity) {
  const SpoolSettings& settings = shared_.settings;
  if (shared_.disk_bytes.load(std::memory_order_relaxed) + capacity > settings.size) {
    reason_ = "the spool " + settings.folder + " has reached its size of " + show_size(settings.size);
    return false;
  }
  DiskSpace space;
  if (io_.space(settings.folder, space) < 0) {
    return true;
  }
  const bool has_spare = shared_.has_spare.load(std::memory_order_acquire);
  const uint64_t needed = has_spare && capacity == settings.segment_size ? 0 : capacity;
  if (space.available < needed + space.total / 100 * settings.min_free) {
    if (shared_.has_spare.exchange(false, std::memory_order_acq_rel)) {
      io_.unlink(spare_path(settings.folder));
      return has_room(capacity);
    }
    reason_ =
        "the disk of the spool " + settings.folder + " has less than " + std::to_string(settings.min_free) + " % free";
    return false;
  }
  return true;
}

// Drops the oldest segment that the reader has not entered. What is dropped is written down before anybody may pass it, so
// that the reader, and one after a restart, takes the gap for what it is.
bool SpoolWriter::drop_oldest() {
  uint64_t id = shared_.unclaimed.load(std::memory_order_acquire);
  if (id >= segment_.id) {
    return false;
  }
  const uint64_t next = shared_.next_segment(id);
  const std::string path = segment_path(shared_.settings.folder, id);
  SpoolFile file(io_, io_.open(path, SpoolIo::How::Read));
  DroppedRange range{1, 0, 0};
  if (file) {
    range = range_of(id, file.get(), next);
  }
  const std::vector<DroppedRange> before = dropped_;
  if (range.last >= range.first) {
    note_dropped(range);
  }
  if (!shared_.unclaimed.compare_exchange_strong(id, next, std::memory_order_acq_rel)) {
    dropped_ = before;  // the reader was faster; the next note overwrites this one, which meanwhile harms nobody
    return true;
  }
  if (!file) {
    return true;
  }
  if (range.last >= range.first) {
    shared_.written.evicted_records.add(range.last - range.first + 1);
    shared_.written.evicted_rows.add(range.rows);
  }
  shared_.disk_bytes.fetch_sub(static_cast<uint64_t>(std::max<int64_t>(0, io_.size(file.get()))),
                               std::memory_order_relaxed);
  file.reset();
  io_.unlink(path);
  io_.sync_folder(shared_.settings.folder);
  return true;
}

// Ranges that touch become one. After a restart a range may lie before or between older ones: segments that were being read.
void SpoolWriter::note_dropped(const DroppedRange& range) {
  dropped_.push_back(range);
  std::sort(dropped_.begin(), dropped_.end(),
            [](const DroppedRange& a, const DroppedRange& b) { return a.first < b.first; });
  size_t kept = 0;
  for (size_t i = 1; i < dropped_.size(); i++) {
    if (dropped_[i].first <= dropped_[kept].last + 1) {
      dropped_[kept].last = std::max(dropped_[kept].last, dropped_[i].last);
      dropped_[kept].rows += dropped_[i].rows;
    } else {
      dropped_[++kept] = dropped_[i];
    }
  }
  dropped_.resize(kept + 1);
  if (dropped_.size() > DroppedFile::ranges_most) {
    dropped_.erase(dropped_.begin());
  }
  dropped_file_.store(shared_.uuid, dropped_);
}

// The sequences and rows that go with a segment. Its header and that of the next one say; without them its records do.
DroppedRange SpoolWriter::range_of(uint64_t id, int file, uint64_t next) {
  DroppedRange range{1, 0, 0};
  uint64_t rows_before = 0;
  uint64_t rows_after = 0;
  auto header = load_segment_header(io_, file, id);
  std::optional<SegmentHeader> next_header;
  for (; !next_header && next <= segment_.id; next = shared_.next_segment(next)) {  // a failed sync leaves ids out
    SpoolFile behind(io_, io_.open(segment_path(shared_.settings.folder, next), SpoolIo::How::Read));
    next_header = behind ? load_segment_header(io_, behind.get(), next) : std::nullopt;
    if (behind) {
      break;
    }
  }
  if (header && next_header) {
    return {header->first_sequence, next_header->first_sequence - 1, next_header->rows_before - header->rows_before};
  }
  scan_.start(file, segment_header_size);
  const auto size = static_cast<uint64_t>(std::max<int64_t>(0, io_.size(file)));
  for (Scanned found = scan_.step(size, 1); found.kind <= Scanned::Kind::BadSpan; found = scan_.step(size, 1)) {
    auto body = found.kind == Scanned::Kind::Record ? read_body_header(found.body) : std::nullopt;
    if (!body) {
      continue;
    }
    if (range.last < range.first) {
      range.first = found.header.sequence;
      rows_before = body->rows_before;
    }
    range.last = found.header.sequence;
    rows_after = body->rows_before + body->rows;
  }
  if (header && range.last >= range.first) {
    range.first = header->first_sequence;
    rows_before = header->rows_before;
  }
  range.rows = rows_after - rows_before;
  return range;
}

}  // namespace stook
