// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook spool repair DIR`: what the daemon would pass at each start is mended once.
#include <cstdio>

#include "core/spool/quarantine.hh"
#include "core/spool/spool.hh"
#include "core/tool/spool_view.hh"

namespace stook {

namespace {

// Writes a header anew from the first record behind it. The rows of a segment without a record are not known.
bool mend_header(const SpoolView& view, const SpoolSegmentView& segment) {
  SegmentHeader header{static_cast<uint32_t>(segment.file_bytes), view.uuid, segment.id, 0, 0};
  for (const SpoolSegmentView& other : view.segments) {  // a spool's payloads are all of a kind
    header.is_recoded = header.is_recoded || (other.header && other.header->is_recoded);
  }
  view.walk(segment.id, [&](const Scanned& found) {
    auto body = found.kind == Scanned::Kind::Record ? read_body_header(found.body) : std::nullopt;
    if (body && header.first_sequence == 0) {
      header.first_sequence = found.header.sequence;
      header.rows_before = body->rows_before;
    }
  });
  if (header.first_sequence == 0) {
    return false;
  }
  SpoolIo& io = system_io();
  SpoolFile file(io, io.open(segment_path(view.folder, segment.id), SpoolIo::How::Write));
  char bytes[segment_header_size];
  put_segment_header(header, bytes);
  return file && write_all(io, file.get(), bytes, sizeof bytes, 0) == 0 && io.sync(file.get()) == 0;
}

}  // namespace

int repair_spool(const std::string& folder) {
  SpoolView{folder};  // a folder that is no spool is not made one
  SpoolSettings settings;
  settings.id = "repair";
  settings.folder = folder;
  const std::unique_ptr<Spool> spool = Spool::open(settings, nullptr, nullptr);  // locks, cuts the tail, writes a state
  if (spool->torn_bytes() > 0) {
    std::printf("%s: %llu torn bytes cut off\n", folder.c_str(), static_cast<unsigned long long>(spool->torn_bytes()));
  }
  const SpoolView view(folder);
  Quarantine quarantine(system_io(), folder + "/bad");
  for (const SpoolSegmentView& segment : view.segments) {
    const std::string path = segment_path(folder, segment.id);
    if (!segment.header) {
      std::printf("%s: header %s\n", path.c_str(), mend_header(view, segment) ? "written anew" : "cannot be mended");
    }
    SpoolFile file(system_io(), system_io().open(path, SpoolIo::How::Read));
    view.walk(segment.id, [&](const Scanned& found) {
      if (found.kind != Scanned::Kind::Record && file) {
        quarantine.keep(file.get(), segment.id, found.begin, found.end);
        std::printf("%s: bytes %llu to %llu copied to bad/\n", path.c_str(),
                    static_cast<unsigned long long>(found.begin), static_cast<unsigned long long>(found.end));
      }
    });
  }
  if (view.state) {
    StateFile state(system_io(), folder);
    auto now = state.load();
    if (now && (state.store(view.uuid, *now) < 0 || state.store(view.uuid, *now) < 0)) {
      std::fprintf(stderr, "stook: cannot write %s/state\n", folder.c_str());
      return 3;
    }
  }
  std::printf("%s: repaired; %zu segments\n", folder.c_str(), view.segments.size());
  return 0;
}

}  // namespace stook
