// SPDX-License-Identifier: Apache-2.0
/// How compressed files are read.
#include "core/base/log.hh"
#include "sources/tail/reading.hh"

namespace stook {

namespace {

/// A compressed file is complete when it has not grown for so long, ns.
constexpr int64_t settling = 1'000'000'000;

}  // namespace

bool TailReader::is_packed(Tailed& file) {
  if (file.packed || file.state.position != 0 || file.head.length != 0) {
    return file.packed != nullptr;
  }
  Sniffed sniffed = sniff(file.fd.get());
  if (sniffed.packing == Packing::None && !sniffed.is_other) {
    return false;
  }
  file.packed = std::make_unique<Packed>(sniffed.packing, file.fd.get(), max_line_);
  file.packed->lines.attach(*feed_, tail_keys);
  file.is_away = true;
  file.is_fresh = false;
  file.held_size = 0;
  file.held_until = 0;
  if (sniffed.is_other || files_->enters_at_end()) {
    file.packed->is_done = true;
    files_->skip(file);
  }
  if (sniffed.is_other) {
    log_event(
        Level::Warning, "file_unreadable",
        Fields()("instance", feed_->id())("path", file.path)("reason", "bzip2 and xz are not inflated; exclude it"));
  }
  return true;
}

void TailReader::end_packed(Tailed& file) {
  file.packed->is_done = true;
  file.head = file.packed->known.head;
  file.marker = file.packed->bytes->marker();
  file.last_growth = feed_->loop().now();
}

Reading TailReader::begin_packed(Tailed& file) {
  Packed& packed = *file.packed;
  struct stat status {};
  int64_t now = feed_->loop().now();
  if (fstat(file.fd.get(), &status) == 0 && status.st_size != file.held_size) {
    file.held_size = status.st_size;
    file.held_until = now + settling;
  }
  if (now < file.held_until) {
    return Reading::Drained;
  }
  file.held_until = 0;
  std::string head = packed.head();
  packed.is_begun = true;
  packed.is_skipping = files_->find_known(file, head);
  packed.known.head = extended({}, head);
  packed.begin();
  return Reading::More;
}

/// On the way to where a known file stood.
Reading TailReader::skip_packed(Tailed& file) {
  Packed& packed = *file.packed;
  Packed::Skip skip = packed.skip(packed.known.offset, packed.known.marker);
  packed.is_skipping = skip == Packed::Skip::More;
  if (skip == Packed::Skip::Differs) {
    packed.begin();
    return Reading::More;
  }
  if (skip == Packed::Skip::There) {
    file.state = {packed.known.offset, false, false};
    file.acknowledged = LinePlace::of(file.state);
    if (packed.is_known_open) {  // that one is read to its end by itself
      end_packed(file);
      file.is_dirty = true;
      return Reading::Drained;
    }
  }
  return Reading::More;
}

Reading TailReader::read_packed(Tailed& file) {
  Packed& packed = *file.packed;
  if (packed.is_done) {
    return Reading::Drained;
  }
  if (!packed.is_begun) {
    return begin_packed(file);
  }
  if (packed.is_skipping) {
    return skip_packed(file);
  }
  uint64_t before = file.state.position;
  LineReader::Step step = packed.lines.read(*packed.bytes, file.state, origin(file));
  if (step == LineReader::Step::Paused) {
    return Reading::Paused;
  }
  if (step == LineReader::Step::Failed) {
    feed_->lose(Loss::Unreadable, 1);
    log_event(Level::Error, "file_unreadable",
              Fields()("instance", feed_->id())("path", file.path)("offset", packed.bytes->total())(
                  "reason", packed.bytes->reason()));
  }
  bool is_end = step == LineReader::Step::End || step == LineReader::Step::Failed;
  if (is_end && !packed.lines.flush(file.state, origin(file), false)) {
    return Reading::Paused;
  }
  if (file.state.position != before) {
    bytes_ += file.state.position - before;
    feed_->mark(file.stream, LinePlace::of(file.state).mark(), file.stream);
  }
  if (!is_end) {
    return Reading::More;
  }
  file.state.is_skipping = false;
  end_packed(file);
  return Reading::Drained;
}

}  // namespace stook
