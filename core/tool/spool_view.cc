// SPDX-License-Identifier: Apache-2.0
#include "core/tool/spool_view.hh"

#include <algorithm>

#include "core/base/status.hh"

namespace stook {

SpoolView::SpoolView(std::string folder_) : folder(std::move(folder_)) {
  SpoolIo& io = system_io();
  const std::vector<uint64_t> ids = list_segments(io, folder);
  SpoolFile lock(io, io.open(folder + "/lock", SpoolIo::How::Read));
  has_state_file = static_cast<bool>(SpoolFile(io, io.open(folder + "/state", SpoolIo::How::Read)));
  if (ids.empty() && !lock && !has_state_file) {
    throw SetupError(folder + " is no spool: it has no segments, no lock and no state");
  }
  is_in_use = lock && io.is_locked(lock.get()) == 1;
  StateFile state_file(io, folder);
  state = state_file.load();
  for (uint64_t id : ids) {
    SpoolSegmentView segment;
    segment.id = id;
    SpoolFile file(io, io.open(segment_path(folder, id), SpoolIo::How::Read));
    if (!file) {
      continue;  // delivered meanwhile
    }
    segment.header = load_segment_header(io, file.get(), id);
    segment.file_bytes = static_cast<uint64_t>(std::max<int64_t>(0, io.size(file.get())));
    segments.push_back(segment);
    uuid = segment.header ? segment.header->uuid : uuid;
  }
  uuid = state ? state_file.uuid() : uuid;
  seed = spool_seed(uuid);
  for (SpoolSegmentView& segment : segments) {
    look_at(segment);
  }
  dropped = DroppedFile(io, folder).load(uuid);
}

void SpoolView::look_at(SpoolSegmentView& segment) {
  SpoolIo& io = system_io();
  SpoolFile file(io, io.open(segment_path(folder, segment.id), SpoolIo::How::Read));
  if (file) {
    segment.footer = load_segment_footer(io, file.get(), segment.id, seed);
  }
  if (segment.header && segment.footer) {
    segment.first_sequence = segment.header->first_sequence;
    segment.last_sequence = segment.footer->last_sequence;
    segment.rows = segment.footer->rows_after - segment.header->rows_before;
    return;
  }
  segment.first_sequence = segment.header ? segment.header->first_sequence : 0;
  segment.last_sequence = segment.header ? segment.first_sequence - 1 : 0;
  walk(segment.id, [&](const Scanned& found) {
    if (found.kind != Scanned::Kind::Record) {
      return;
    }
    auto body = read_body_header(found.body);
    segment.first_sequence = segment.first_sequence == 0 ? found.header.sequence : segment.first_sequence;
    segment.last_sequence = found.header.sequence;
    segment.rows += body ? body->rows : 0;
  });
}

void SpoolView::walk(uint64_t segment, const std::function<void(const Scanned&)>& visit) const {
  SpoolIo& io = system_io();
  SpoolFile file(io, io.open(segment_path(folder, segment), SpoolIo::How::Read));
  if (!file) {
    return;
  }
  const auto size = static_cast<uint64_t>(std::max<int64_t>(0, io.size(file.get())));
  SegmentScan scan(io, seed);
  auto header = load_segment_header(io, file.get(), segment);
  scan.start(file.get(), segment_header_size, header ? header->first_sequence : 0);
  for (Scanned found = scan.step(size, 1); found.kind <= Scanned::Kind::BadSpan; found = scan.step(size, 1)) {
    visit(found);
  }
}

}  // namespace stook
