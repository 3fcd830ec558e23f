// SPDX-License-Identifier: Apache-2.0
#include "core/spool/reader.hh"

#include <algorithm>
#include <cerrno>

#include "core/spool/folder.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
constexpr unsigned open_attempts = 30;
}  // namespace

SpoolReader::SpoolReader(SpoolShared& shared)
    : shared_(shared),
      io_(shared.io),
      scan_(shared.io, shared.seed),
      state_(shared.io, shared.settings.folder),
      dropped_file_(shared.io, shared.settings.folder),
      quarantine_(shared.io, shared.settings.folder + "/bad"),
      segment_(shared.reader.segment),
      is_inside_(true),
      start_offset_(shared.reader.offset),
      expected_(shared.reader.sequence + 1),
      rows_expected_(shared.reader.rows),
      is_expected_known_(shared.is_position_known),
      acknowledged_(shared.reader),
      stored_(shared.reader),
      first_live_(shared.reader.segment) {
  state_.load();
}

std::optional<uint64_t> SpoolReader::next(Payload& into) {
  for (;;) {
    const SpoolEnd end = SpoolEnd::of(shared_.end.load(std::memory_order_acquire));
    if (!is_inside_ && !enter_next(end)) {
      return std::nullopt;
    }
    if (segment_ > end.segment || (segment_ == end.segment && end.offset == 0)) {
      return std::nullopt;
    }
    if (!file_ && !open_segment()) {
      if (is_inside_) {
        return std::nullopt;
      }
      continue;
    }
    if (take_relayed(end, into)) {
      return expected_ - 1;
    }
    const Scanned found = scan_.step(limit_of(end), expected_);
    switch (found.kind) {
      case Scanned::Kind::Record:
        if (take(found, into)) {
          return expected_ - 1;
        }
        break;
      case Scanned::Kind::BadBody:
      case Scanned::Kind::BadSpan:
        meet_damage(found);
        break;
      case Scanned::Kind::Blank:
      case Scanned::Kind::Footer:
      case Scanned::Kind::End:
        if (segment_ == end.segment) {
          catch_up();
          return std::nullopt;
        }
        meet_end(found);
        break;
    }
  }
}

// Up to where there may be records: what the writer has published, or all of a file that it has left.
uint64_t SpoolReader::limit_of(SpoolEnd end) {
  if (segment_ == end.segment) {
    return end.offset;
  }
  return static_cast<uint64_t>(std::max<int64_t>(0, io_.size(file_.get())));
}

// Claims the next segment, unless the writer drops it first.
bool SpoolReader::enter_next(SpoolEnd end) {
  uint64_t id = shared_.unclaimed.load(std::memory_order_acquire);
  do {
    if (id > end.segment || (id == end.segment && end.offset == 0)) {
      return false;
    }
  } while (!shared_.unclaimed.compare_exchange_weak(id, shared_.next_segment(id), std::memory_order_acq_rel));
  is_after_footer_ = is_after_footer_ && id == segment_ + 1;
  segment_ = id;
  start_offset_ = segment_header_size;
  is_inside_ = true;
  return true;
}

// False: the segment is missing and left, or it cannot be opened now and is tried again in a second, for half a minute.
bool SpoolReader::open_segment() {
  const int64_t now = io_.monotonic_ns();
  if (open_failures_ > 0 && now < open_again_at_) {
    return false;
  }
  const int file = io_.open(segment_path(shared_.settings.folder, segment_), SpoolIo::How::Read);
  if (file < 0) {
    open_failures_++;
    open_again_at_ = now + second;
    if (file == -ENOENT || open_failures_ > open_attempts) {
      open_failures_ = 0;
      leave(false);
    }
    return false;
  }
  open_failures_ = 0;
  file_ = SpoolFile(io_, file);
  scan_.start(file, start_offset_);
  if (start_offset_ <= segment_header_size) {
    meet_header();
  }
  return true;
}

// A segment may begin beyond its neighbour's last record: a process before this one had delivered what a power loss took
// from the disk. Any other jump is a loss.
void SpoolReader::meet_header() {
  auto header = load_segment_header(io_, file_.get(), segment_);
  if (header) {
    scan_.start(file_.get(), start_offset_, header->first_sequence);
  }
  if (!header || header->first_sequence <= expected_) {
    return;
  }
  if (is_expected_known_ && !is_after_footer_) {
    pass_gap(header->first_sequence);
    pass_rows(header->rows_before);
  }
  expected_ = header->first_sequence;
  rows_expected_ = header->rows_before;
  is_expected_known_ = true;
}

void SpoolReader::leave(bool has_footer) {
  file_.reset();
  is_inside_ = false;
  is_after_footer_ = has_footer;
  catch_up();
}

// Hands out the record at the scan's place if it is in memory, in order, and published.
bool SpoolReader::take_relayed(SpoolEnd end, Payload& into) {
  const RecordPlace* found = shared_.relay.find(segment_, scan_.offset());
  if (found == nullptr || !is_expected_known_ || found->sequence != expected_ || found->rows_before != rows_expected_ ||
      (segment_ == end.segment && found->end > end.offset)) {
    return false;
  }
  const RecordPlace place = *found;
  into.reset();
  shared_.relay.take(into);
  scan_.pass(place.end);
  expected_ = place.sequence + 1;
  rows_expected_ = place.rows_before + into.rows();
  out_.push_back({{segment_, place.end, place.sequence, rows_expected_}, into.rows(), place.end - place.begin});
  return true;
}

// Hands out a record; false when it was had before, or makes no sense.
bool SpoolReader::take(const Scanned& found, Payload& into) {
  if (is_expected_known_ && found.header.sequence < expected_) {
    return false;
  }
  into.reset();
  auto body = read_body_header(found.body);
  if (!body || !read_body(found.body, into)) {
    into.reset();
    meet_damage(found);
    return false;
  }
  if (!is_expected_known_) {
    is_expected_known_ = true;
    expected_ = found.header.sequence;
    rows_expected_ = body->rows_before;
  }
  pass_gap(found.header.sequence);
  pass_rows(body->rows_before);
  expected_ = found.header.sequence + 1;
  rows_expected_ = body->rows_before + body->rows;
  into.sealed_at = io_.monotonic_ns() - std::max<int64_t>(0, io_.wall_ns() - body->sealed_wall);
  out_.push_back({{segment_, found.end, found.header.sequence, rows_expected_}, body->rows, found.end - found.begin});
  return true;
}

// What is lost shows by the next record that is right, not here: the same sequence may be right in the next segment, where
// the writer put it after a failure.
void SpoolReader::meet_damage(const Scanned& found) {
  shared_.read.bad_spans.add(1);
  shared_.read.bad_bytes.add(found.end - found.begin);
  quarantine_.keep(file_.get(), segment_, found.begin, found.end);
  if (auto pass = damage_limit_.pass()) {
    log_event(Level::Warning, "spool_damaged",
              Fields()("instance", shared_.settings.id)("segment", segment_)("offset", found.begin)(
                  "bytes", found.end - found.begin)("suppressed", pass.suppressed));
  }
}

// The end of a segment that the writer has left. Its footer tells what should have been before it.
void SpoolReader::meet_end(const Scanned& found) {
  const bool has_footer = found.kind == Scanned::Kind::Footer && found.footer.id == segment_;
  if (has_footer && is_expected_known_ && found.footer.last_sequence + 1 >= expected_) {
    pass_gap(found.footer.last_sequence + 1);
    pass_rows(found.footer.rows_after);
  }
  leave(has_footer && is_expected_known_);
}

// Sequences up to `to` did not come: lost, but for those that were dropped on purpose.
void SpoolReader::pass_gap(uint64_t to) {
  if (to <= expected_) {
    return;
  }
  uint64_t dropped = 0;
  uint64_t dropped_rows = 0;
  for (const DroppedRange& range : dropped_file_.load(shared_.uuid)) {
    const uint64_t first = std::max(range.first, expected_);
    const uint64_t last = std::min(range.last, to - 1);
    if (first <= last) {
      dropped += last - first + 1;
      dropped_rows += first == range.first && last == range.last ? range.rows : 0;
    }
  }
  dropped = std::min(dropped, to - expected_);
  const uint64_t lost = to - expected_ - dropped;
  shared_.read.passed_dropped.add(dropped);
  dropped_rows_ += dropped_rows;
  expected_ = to;
  if (lost == 0) {
    return;
  }
  shared_.read.lost_records.add(lost);
  if (auto pass = damage_limit_.pass()) {
    log_event(Level::Error, "spool_lost",
              Fields()("instance", shared_.settings.id)("segment", segment_)("records", lost)("before", to)(
                  "suppressed", pass.suppressed));
  }
}

// The next thing begins behind so many rows: those between were dropped, as far as that is noted, or are lost.
void SpoolReader::pass_rows(uint64_t to) {
  if (to > rows_expected_) {
    const uint64_t gone = to - rows_expected_;
    const uint64_t dropped = std::min(gone, dropped_rows_);
    shared_.read.passed_dropped_rows.add(dropped);
    shared_.read.lost_rows.add(gone - dropped);
    rows_expected_ = to;
  }
  dropped_rows_ = 0;
}

}  // namespace stook
