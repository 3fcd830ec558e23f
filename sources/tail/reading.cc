// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/reading.hh"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.hh"

namespace stook {

namespace {

/// Bytes of a file from an offset, wherever the descriptor stands.
class PreadBytes final : public Bytes {
 public:
  PreadBytes(int fd, uint64_t offset_) : offset(offset_), fd_(fd) {}
  ssize_t read(char* to, size_t size) override {
    ssize_t got;
    do {
      got = pread(fd_, to, size, static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    error_ = got < 0 ? errno : 0;
    offset += got > 0 ? static_cast<uint64_t>(got) : 0;
    return got;
  }
  uint64_t offset;

 private:
  int fd_;
};

}  // namespace

void TailReader::attach(Feed& feed, Files& files) {
  feed_ = &feed;
  files_ = &files;
  lines_.attach(feed, tail_keys);
}

void TailReader::mark(const Tailed& file) {
  // Within a line that is being skipped there is no place to begin again.
  if (!file.state.is_skipping) {
    feed_->mark(file.stream, file.state.position, file.stream);
  }
}

Reading TailReader::read(Tailed& file) {
  struct stat status {};
  int fd = file.fd.get();
  if (fstat(fd, &status) != 0) {
    return Reading::Drained;
  }
  auto size = static_cast<uint64_t>(status.st_size);
  if (size < file.state.position ||
      (file.marker_at == file.state.position && !has_marker(fd, file.marker_at, file.marker))) {
    files_->restart(file);
  }
  Reading reading = size > file.state.position ? read_from(file, size) : Reading::Drained;
  if (reading == Reading::Drained && file.marker_at != file.state.position) {
    file.marker_at = file.state.position;
    file.marker = marker_of(fd, file.marker_at);
    file.last_growth = feed_->loop().now();
  }
  return reading;
}

Reading TailReader::read_from(Tailed& file, uint64_t size) {
  uint64_t before = file.state.position;
  PreadBytes bytes(file.fd.get(), before);
  // What is read and not cut is read again, next time: nothing is kept for a file, however many there are.
  lines_.forget();
  while (file.state.position == before && bytes.offset < size) {
    LineReader::Step step = lines_.read(bytes, file.state, {file.path, file.stream});
    if (step == LineReader::Step::Paused) {
      return Reading::Paused;
    }
    if (step == LineReader::Step::Failed) {
      feed_->lose(Loss::Unreadable, 1);
      log_event(Level::Error, "file_unreadable",
                Fields()("instance", feed_->id())("path", file.path)("offset", before)("reason", bytes.reason()));
    }
    if (step != LineReader::Step::Some) {
      break;
    }
  }
  if (file.state.position != before) {
    mark(file);
    file.partial_since = 0;
  }
  if (file.state.position < size && (bytes.offset < size || lines_.has_lines())) {
    return file.state.position != before ? Reading::More : Reading::Drained;
  }
  if (file.state.position < size && file.partial_since == 0) {
    file.partial_since = feed_->loop().now();
  }
  return Reading::Drained;
}

Reading TailReader::flush(Tailed& file) {
  struct stat status {};
  if (fstat(file.fd.get(), &status) != 0) {
    return Reading::Drained;
  }
  auto size = static_cast<uint64_t>(status.st_size);
  Reading reading = size > file.state.position ? read_from(file, size) : Reading::Drained;
  if (reading != Reading::Drained) {
    return reading;
  }
  if (size > file.state.position && !lines_.flush(file.state, {file.path, file.stream}, true)) {
    return Reading::Paused;
  }
  mark(file);
  file.partial_since = 0;
  return Reading::Drained;
}

}  // namespace stook
