// SPDX-License-Identifier: Apache-2.0
/// Where reading goes on after a start, and what of the spool is not to be read.
#include <algorithm>

#include "core/spool/recovery.hh"

namespace stook {

// Where the state says; without it, before the oldest segment: repeats, never loss.
void SpoolRecovery::place_reader() {
  if (state_) {
    shared_.reader = state_->reader;
  } else if (!segments_.empty()) {
    shared_.is_position_known = headers_.front().has_value();
    shared_.reader = {segments_.front(), segment_header_size, 0, 0};
    if (headers_.front()) {
      shared_.reader.sequence = headers_.front()->first_sequence - 1;
      shared_.reader.rows = headers_.front()->rows_before;
    }
  } else {
    shared_.reader = {shared_.first_new, segment_header_size, shared_.next_sequence - 1, shared_.rows_ever};
  }
  shared_.old_segments = segments_;
  shared_.end = SpoolEnd{shared_.first_new, 0}.word();
  shared_.unclaimed = shared_.next_segment(shared_.reader.segment);
  shared_.read.acknowledged_sequence.set(static_cast<int64_t>(shared_.reader.sequence));
  shared_.read.acknowledged_rows.set(static_cast<int64_t>(shared_.reader.rows));
  shared_.written.last_sequence.set(static_cast<int64_t>(shared_.next_sequence - 1));
  shared_.written.durable_sequence.set(static_cast<int64_t>(shared_.next_sequence - 1));
  shared_.written.rows_ever.set(static_cast<int64_t>(shared_.rows_ever));
}

// A segment is read to its end when the next one begins with what the reader wants next.
bool SpoolRecovery::has_foreign() const {
  for (size_t i = 0; i < segments_.size(); i++) {
    const bool is_last = i + 1 == segments_.size();
    const uint64_t next = is_last ? shared_.next_sequence : headers_[i + 1] ? headers_[i + 1]->first_sequence : 0;
    const bool is_unread = segments_[i] >= shared_.reader.segment && (next == 0 || next > shared_.reader.sequence + 1);
    if (is_unread && headers_[i] && headers_[i]->is_recoded != shared_.settings.is_recoded) {
      return true;
    }
  }
  return false;
}

void SpoolRecovery::sum_dropped() {
  for (const DroppedRange& range : DroppedFile(io_, shared_.settings.folder).load(shared_.uuid)) {
    const uint64_t first = std::max(range.first, shared_.reader.sequence + 1);
    if (first <= range.last) {
      shared_.dropped_ahead += range.last - first + 1;
      shared_.dropped_rows_ahead += first == range.first ? range.rows : 0;
    }
  }
}

}  // namespace stook
