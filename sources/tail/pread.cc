// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/pread.hh"

#include <errno.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace stook {

namespace {

/// Shorter holes are read as the zeros that they are.
constexpr uint64_t least_hole = 64 * 1024;

/// The first offset in [from, to) whose byte is not 0; `to`: there is none within 64 KiB.
uint64_t first_byte(int fd, uint64_t from, uint64_t to) {
  char bytes[4096];
  for (uint64_t end = std::min(to, from + least_hole); from < end;) {
    ssize_t got = pread(fd, bytes, std::min<uint64_t>(sizeof bytes, end - from), static_cast<off_t>(from));
    if (got <= 0) {
      return from;
    }
    const char* found = std::find_if(bytes, bytes + got, [](char byte) { return byte != 0; });
    from += static_cast<uint64_t>(found - bytes);
    if (found != bytes + got) {
      break;
    }
  }
  return from;
}

}  // namespace

ssize_t PreadBytes::read(char* to, size_t size) {
  size_t before = is_verified_ ? 0 : std::min<uint64_t>(known_.marker.length, marker_length);
  iovec parts[2] = {{before_, before}, {to, size}};
  ssize_t got;
  do {
    got = preadv(fd_, parts, 2, static_cast<off_t>(offset - before));
  } while (got < 0 && errno == EINTR);
  auto have = static_cast<size_t>(std::max<ssize_t>(got, 0));
  auto answer = got < 0 ? HeadCheck::Answer::Unreadable : compare(have, before);
  error_ = answer == HeadCheck::Answer::Unreadable ? errno : 0;
  if (error_ != 0) {
    return -1;
  }
  is_other = answer == HeadCheck::Answer::Other;
  is_at_end = is_other || have < before + size;
  if (is_other) {
    return 0;
  }
  is_verified_ = true;
  have -= before;
  piece_ = to;
  piece_at_ = offset;
  if (have > 0 && to[have - 1] == 0) {
    have = stop_at_hole(to, have);
  }
  piece_size_ = have;
  offset += have;
  return static_cast<ssize_t>(have);
}

/// Whether what was read, `before` bytes of it from before the position, is from the file that is known.
HeadCheck::Answer PreadBytes::compare(size_t have, size_t before) {
  if (have < before || (before > 0 && extended({}, {before_, before}) != known_.marker)) {
    return HeadCheck::Answer::Other;
  }
  // The head is looked at after the bytes, so that a truncation meanwhile is seen too.
  return begin_ > before ? known_.check.ask(fd_, known_.head) : HeadCheck::Answer::Same;
}

/// How many of the bytes stand before a hole; sets hole_end when there is one.
size_t PreadBytes::stop_at_hole(const char* bytes, size_t size) {
  off_t begin = lseek(fd_, static_cast<off_t>(offset), SEEK_HOLE);
  if (begin < 0 || static_cast<uint64_t>(begin) >= offset + size) {
    return size;
  }
  off_t data = lseek(fd_, begin, SEEK_DATA);
  struct stat status {};
  if (data < 0 && (errno != ENXIO || fstat(fd_, &status) != 0)) {
    return size;
  }
  auto end = static_cast<uint64_t>(data < 0 ? status.st_size : data);
  if (end < static_cast<uint64_t>(begin) + least_hole) {
    return size;
  }
  // What was written begins and ends within a block, and the rest of the block is zeros.
  auto kept = static_cast<size_t>(static_cast<uint64_t>(begin) - offset);
  while (kept > 0 && bytes[kept - 1] == 0) {
    kept--;
  }
  hole_end = data < 0 ? end : first_byte(fd_, end, UINT64_MAX);
  is_at_end = false;
  return kept;
}

Fingerprint PreadBytes::marker_before(uint64_t position) const {
  uint64_t length = std::min(position, marker_length);
  uint64_t from = position - length;
  size_t known = std::min<uint64_t>(known_.marker.length, marker_length);
  bool is_first = piece_at_ == begin_;
  uint64_t first = is_first ? begin_ - known : piece_at_;
  if (position < piece_at_ || position > piece_at_ + piece_size_ || from < first) {
    return marker_of(fd_, position);
  }
  Fingerprint print;
  if (from < piece_at_) {
    print = extended(print, {before_ + (from - first), static_cast<size_t>(piece_at_ - from)});
    from = piece_at_;
  }
  return extended(print, {piece_ + (from - piece_at_), static_cast<size_t>(position - from)});
}

Fingerprint PreadBytes::head_before(Fingerprint head, uint64_t position) const {
  uint64_t end = std::min(position, head_length);
  if (head.length >= end) {
    return head;
  }
  if (head.length < piece_at_ || end > piece_at_ + piece_size_) {
    return head_of(fd_, position);
  }
  return extended(head, {piece_ + (head.length - piece_at_), static_cast<size_t>(end - head.length)});
}

}  // namespace stook
