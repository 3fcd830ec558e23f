// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/reading.hh"

#include <errno.h>

#include <utility>

#include "core/base/log.hh"

namespace stook {

void TailReader::attach(Feed& feed, Files& files) {
  feed_ = &feed;
  files_ = &files;
  lines_.attach(feed, tail_keys);
}

LineOrigin TailReader::origin(const Tailed& file) {
  if (lines_.wants_id()) {
    auto [inode, lives] = file.copy_of.value_or(std::pair(file.inode, file.lives));
    id_ = id_of_file(feed_->id(), inode, lives);
  }
  return {file.path, file.stream, id_};
}

/// After rows were made: what is known of the file now, and the mark.
void TailReader::move_on(Tailed& file, const PreadBytes& bytes, const LinePlace& before) {
  file.head = bytes.head_before(file.head, file.state.position);
  file.marker = bytes.marker_before(file.state.position);
  file.partial_since = 0;
  file.last_growth = feed_->loop().now();
  bytes_ += file.state.position - before.offset;
  uint64_t mark = LinePlace::of(file.state).mark();
  bool has_rows = std::exchange(rows_, lines_.rows()) != rows_;
  if (!has_rows && file.acknowledged == before) {
    // Nothing is on its way, and no bundle may follow that could carry the mark.
    files_->acknowledge(file.stream, mark);
    return;
  }
  feed_->mark(file.stream, mark, file.stream);
}

Reading TailReader::fail(Tailed& file, PreadBytes& bytes) {
  if (bytes.error() == ESTALE && files_->reopen(file)) {
    return Reading::More;
  }
  feed_->lose(Loss::Unreadable, 1);
  log_event(Level::Error, "file_unreadable",
            Fields()("instance", feed_->id())("path", file.path)("offset", bytes.offset)("reason", bytes.reason()));
  return bytes.error() == ESTALE ? Reading::Gone : Reading::Drained;
}

/// The line before a hole ends there. False: the pool is empty.
bool TailReader::skip_hole(Tailed& file, PreadBytes& bytes) {
  if (!file.state.is_skipping && !lines_.flush(file.state, origin(file), true)) {
    return false;
  }
  lines_.forget();
  bytes.forget();
  skipped_ += bytes.hole_end - bytes.offset;
  feed_->count(Remark::HoleBytes, bytes.hole_end - bytes.offset);
  static LogLimit limit;
  if (auto pass = limit.pass()) {
    log_event(Level::Notice, "file_hole",
              Fields()("instance", feed_->id())("path", file.path)("offset", bytes.offset)(
                  "bytes", bytes.hole_end - bytes.offset)("skipped", skipped_)("suppressed", pass.suppressed));
  }
  file.state = {bytes.hole_end, false, false};
  return true;
}

Reading TailReader::read(Tailed& file) {
  if (!files_->reach(file)) {
    return Reading::Gone;
  }
  if (is_packed(file)) {
    return read_packed(file);
  }
  PreadBytes bytes(file.fd.get(), file.state.position, {file.head, file.marker, file.head_check});
  return read_from(file, bytes);
}

Reading TailReader::read_from(Tailed& file, PreadBytes& bytes) {
  LinePlace place = LinePlace::of(file.state);
  uint64_t before = place.offset;
  // What is read and not cut is read again, next time: nothing is kept for a file, however many there are.
  lines_.forget();
  while (file.state.position == before && !bytes.is_at_end && bytes.hole_end == 0) {
    LineReader::Step step = lines_.read(bytes, file.state, origin(file));
    if (step == LineReader::Step::Paused) {
      return Reading::Paused;
    }
    if (step == LineReader::Step::Failed) {
      return fail(file, bytes);
    }
  }
  if (bytes.is_other) {
    return Reading::Other;
  }
  bool is_before_hole = bytes.hole_end != 0 && !lines_.has_lines();
  if (is_before_hole && !skip_hole(file, bytes)) {
    return Reading::Paused;
  }
  if (file.state.position != before) {
    move_on(file, bytes, place);
  }
  if (!bytes.is_at_end || lines_.has_lines()) {
    return Reading::More;
  }
  if (file.state.position < bytes.offset && file.partial_since == 0) {
    file.partial_since = feed_->loop().now();
  }
  return Reading::Drained;
}

Reading TailReader::flush(Tailed& file) {
  if (!files_->reach(file)) {
    return Reading::Gone;
  }
  PreadBytes bytes(file.fd.get(), file.state.position, {file.head, file.marker, file.head_check});
  Reading reading = read_from(file, bytes);
  if (reading != Reading::Drained || file.state.position >= bytes.offset) {
    return reading;
  }
  LinePlace before = LinePlace::of(file.state);
  if (!lines_.flush(file.state, origin(file), true)) {
    return Reading::Paused;
  }
  bytes.forget();
  move_on(file, bytes, before);
  return Reading::Drained;
}

}  // namespace stook
