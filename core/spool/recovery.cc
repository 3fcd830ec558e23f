// SPDX-License-Identifier: Apache-2.0
#include "core/spool/recovery.hh"

#include <algorithm>

#include "core/base/crc32c.hh"
#include "core/base/log.hh"
#include "core/spool/scan.hh"

namespace stook {

SpoolRecovery::SpoolRecovery(SpoolShared& shared)
    : shared_(shared), io_(shared.io), state_file_(shared.io, shared.settings.folder) {}

void SpoolRecovery::run() {
  state_ = state_file_.load();
  find_segments();
  choose_uuid();
  unlink_delivered();
  seal_last();
  find_end();
  place_reader();
  sum_dropped();
  shared_.has_foreign = has_foreign();
  if (!state_ && shared_.is_position_known) {
    // The state also says whose the segments are, should their headers be damaged. A failure costs no more than that.
    state_file_.store(shared_.uuid, {shared_.reader, shared_.reader.segment, shared_.first_new});
    io_.sync_folder(shared_.settings.folder);
  }
}

void SpoolRecovery::find_segments() {
  segments_ = list_segments(io_, shared_.settings.folder);
  if (!segments_.empty()) {
    highest_ = segments_.back();
  }
  io_.unlink(spare_path(shared_.settings.folder));
  size_t kept = 0;
  for (uint64_t id : segments_) {
    SpoolFile file(io_, io_.open(segment_path(shared_.settings.folder, id), SpoolIo::How::Read));
    if (file && is_remains(file.get(), id)) {
      file.reset();
      io_.unlink(segment_path(shared_.settings.folder, id));
      continue;
    }
    segments_[kept++] = id;
    headers_.push_back(file ? load_segment_header(io_, file.get(), id) : std::nullopt);
  }
  segments_.resize(kept);
}

// A segment was delivered, its file got a new name for another one, and a power loss kept one of name and header from the
// disk: nothing in it was ever acknowledged under this name, or all of it is delivered.
bool SpoolRecovery::is_remains(int file, uint64_t id) const {
  auto header = state_ ? load_any_header(io_, file) : std::nullopt;
  return header && header->id != id && header->uuid == state_file_.uuid() &&
         std::min(header->id, id) < std::min(state_->first_live, state_->reader.segment);
}

// The uuid is that of the state, if there is a segment of it or no segment at all, else that of the newest segment. What
// is of another spool is left alone.
void SpoolRecovery::choose_uuid() {
  bool is_known = false;
  if (state_) {
    shared_.uuid = state_file_.uuid();
    is_known = std::none_of(headers_.begin(), headers_.end(), [](const auto& header) { return header.has_value(); }) ||
               std::any_of(headers_.begin(), headers_.end(),
                           [&](const auto& header) { return header && header->uuid == shared_.uuid; });
  }
  if (!is_known) {
    state_.reset();
    // The lock remembers the uuid, for when state and headers are damaged at once.
    if (io_.read_at(shared_.lock.get(), shared_.uuid.data(), shared_.uuid.size(), 0) != ssize_t{sizeof(SpoolUuid)}) {
      io_.random(shared_.uuid.data());
    }
    for (const auto& header : headers_) {
      shared_.uuid = header ? header->uuid : shared_.uuid;
    }
  }
  shared_.seed = spool_seed(shared_.uuid);
  SpoolUuid noted{};
  io_.read_at(shared_.lock.get(), noted.data(), noted.size(), 0);
  if (noted != shared_.uuid && write_all(io_, shared_.lock.get(), shared_.uuid.data(), shared_.uuid.size(), 0) == 0) {
    io_.sync(shared_.lock.get());
    io_.sync_folder(shared_.settings.folder);
  }
  size_t kept = 0;
  for (size_t i = 0; i < segments_.size(); i++) {
    if (!headers_[i] || headers_[i]->uuid == shared_.uuid) {
      segments_[kept] = segments_[i];
      headers_[kept++] = headers_[i];
    }
  }
  segments_.resize(kept);
  headers_.resize(kept);
}

// What a process before this one had published as delivered, and a crash kept from being unlinked. One whose header does
// not verify may be anybody's and stays.
void SpoolRecovery::unlink_delivered() {
  size_t kept = 0;
  bool is_stored = false;
  for (size_t i = 0; i < segments_.size(); i++) {
    const bool is_live = !state_ || segments_[i] >= std::min(state_->first_live, state_->reader.segment);
    if (!is_live && headers_[i]) {
      // First both slots say so, or damage to one would make lost what goes now.
      is_stored = is_stored || state_file_.store(shared_.uuid, *state_) == 0;
    }
    if (!is_live && headers_[i] && is_stored) {
      io_.unlink(segment_path(shared_.settings.folder, segments_[i]));
    }
    if (is_live) {
      segments_[kept] = segments_[i];
      headers_[kept++] = headers_[i];
    }
  }
  segments_.resize(kept);
  headers_.resize(kept);
}

void SpoolRecovery::seal_last() {
  if (segments_.empty()) {
    return;
  }
  const uint64_t id = segments_.back();
  SpoolFile file(io_, io_.open(segment_path(shared_.settings.folder, id), SpoolIo::How::Write));
  if (!file || load_segment_footer(io_, file.get(), id, shared_.seed)) {
    return;
  }
  const Reach reach = walk(file.get(), headers_.back());
  if (reach.records == 0 && !reach.is_footed && (headers_.back() || reach.dirty_end == segment_header_size)) {
    // Nothing was ever in it, or nothing whole: what a crash interrupted. What it says of sequences is kept.
    if (headers_.back() && headers_.back()->first_sequence > shared_.next_sequence) {
      shared_.next_sequence = headers_.back()->first_sequence;
      shared_.rows_ever = headers_.back()->rows_before;
    }
    shared_.torn_bytes += reach.dirty_end - segment_header_size;
    file.reset();
    io_.unlink(segment_path(shared_.settings.folder, id));
    segments_.pop_back();
    headers_.pop_back();
    return;
  }
  mend(id, file.get(), reach);
}

SpoolRecovery::Reach SpoolRecovery::walk(int file, const std::optional<SegmentHeader>& header) {
  Reach reach;
  reach.rolling_crc = shared_.seed;
  if (header) {
    reach.last_sequence = header->first_sequence - 1;
    reach.rows_after = header->rows_before;
  }
  const auto size = static_cast<uint64_t>(std::max<int64_t>(0, io_.size(file)));
  SegmentScan scan(io_, shared_.seed);
  scan.start(file, segment_header_size, header ? header->first_sequence : 0);
  for (;;) {
    const Scanned found = scan.step(size, reach.last_sequence + 1);
    if (found.kind == Scanned::Kind::Footer && found.footer.last_sequence > reach.last_sequence) {
      reach.is_footed = true;
      reach.last_sequence = found.footer.last_sequence;
      reach.rows_after = found.footer.rows_after;
    }
    if (found.kind > Scanned::Kind::BadSpan) {
      break;
    }
    reach.dirty_end = found.end;
    auto body = found.kind == Scanned::Kind::Record ? read_body_header(found.body) : std::nullopt;
    if (!body || found.header.sequence <= reach.last_sequence) {
      continue;
    }
    reach.rolling_crc = crc32c(found.head, reach.rolling_crc);
    reach.records++;
    reach.last_sequence = found.header.sequence;
    reach.rows_after = body->rows_before + body->rows;
    reach.end = found.end;
  }
  return reach;
}

// Cuts what is torn and seals. Failures leave it as it is: the next start does the same again, and readers pass the tail.
void SpoolRecovery::mend(uint64_t id, int file, const Reach& reach) {
  shared_.torn_bytes += reach.dirty_end - reach.end;
  if (reach.records > 0) {
    char footer[segment_footer_size];
    put_segment_footer({id, reach.records, reach.last_sequence, reach.rows_after, reach.rolling_crc}, shared_.seed,
                       footer);
    if (io_.truncate(file, reach.end) == 0) {
      write_all(io_, file, footer, sizeof footer, reach.end);
    }
    if (shared_.settings.sync != SpoolSync::Never) {
      io_.sync(file);
    }
  }
  if (shared_.torn_bytes > 0) {
    log_event(Level::Notice, "spool_recovered",
              Fields()("instance", shared_.settings.id)("segment", id)("torn_bytes", shared_.torn_bytes));
  }
}

// The last sequence of the spool's life: the last segment that tells, and the state, which may know more. Where nothing is
// synced a power loss may leave a header or footer of later sequences than the last segment's; those are not used again,
// as the reader would take them for repeats. Nor are those of a segment that a failed sync left without a footer: it may
// hold records whose copies in the last segment are damaged, or were being made when the process ended.
void SpoolRecovery::find_end() {
  for (size_t i = 0; i < segments_.size(); i++) {
    if (headers_[i] && headers_[i]->first_sequence > shared_.next_sequence) {
      shared_.next_sequence = headers_[i]->first_sequence;
      shared_.rows_ever = std::max(shared_.rows_ever, headers_[i]->rows_before);
    }
    SpoolFile file(io_, io_.open(segment_path(shared_.settings.folder, segments_[i]), SpoolIo::How::Read));
    auto footer = file ? load_segment_footer(io_, file.get(), segments_[i], shared_.seed) : std::nullopt;
    if (footer && footer->last_sequence >= shared_.next_sequence) {
      shared_.next_sequence = footer->last_sequence + 1;
      shared_.rows_ever = std::max(shared_.rows_ever, footer->rows_after);
    }
    shared_.disk_bytes += file ? static_cast<uint64_t>(std::max<int64_t>(0, io_.size(file.get()))) : 0;
  }
  bool is_told = false;
  for (size_t i = segments_.size(); i-- > 0 && (!is_told || walks_ < walks_most);) {
    auto reach = reach_of(segments_[i]);
    if (is_told && reach && reach->is_sealed) {
      break;
    }
    if (reach && reach->last_sequence + 1 >= shared_.next_sequence) {
      shared_.next_sequence = reach->last_sequence + 1;
      shared_.rows_ever = std::max(shared_.rows_ever, reach->rows_after);
    }
    is_told = is_told || reach;
  }
  shared_.first_new = highest_ ? *highest_ + 1 : 1;
  if (state_) {
    shared_.next_sequence = std::max(shared_.next_sequence, state_->reader.sequence + 1);
    shared_.rows_ever = std::max(shared_.rows_ever, state_->reader.rows);
    shared_.first_new = std::max({shared_.first_new, state_->next_segment, state_->reader.segment + 1});
  }
}

std::optional<SpoolRecovery::Reach> SpoolRecovery::reach_of(uint64_t id) {
  SpoolFile file(io_, io_.open(segment_path(shared_.settings.folder, id), SpoolIo::How::Read));
  if (!file) {
    return std::nullopt;
  }
  if (auto footer = load_segment_footer(io_, file.get(), id, shared_.seed)) {
    Reach reach;
    reach.last_sequence = footer->last_sequence;
    reach.rows_after = footer->rows_after;
    reach.is_sealed = true;
    return reach;
  }
  walks_++;
  auto header = load_segment_header(io_, file.get(), id);
  const Reach reach = walk(file.get(), header);
  return reach.records > 0 || reach.is_footed || header ? std::optional(reach) : std::nullopt;
}

}  // namespace stook
