// SPDX-License-Identifier: Apache-2.0
#include "core/api/identity.hh"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "core/base/clock.hh"
#include "core/base/crc32c.hh"

namespace stook {

namespace {

/// The hash of bytes [at, at + length); its length is 0 when they are not all there.
Fingerprint hash_of(int fd, uint64_t at, uint64_t length) {
  char bytes[head_length];
  uint64_t have = 0;
  while (have < length) {
    ssize_t got = pread(fd, bytes + have, length - have, static_cast<off_t>(at + have));
    if (got <= 0) {
      return {};
    }
    have += static_cast<uint64_t>(got);
  }
  return extended({}, {bytes, length});
}

}  // namespace

Fingerprint extended(Fingerprint print, std::string_view bytes) {
  uint64_t hash = print.length == 0 ? 0xcbf29ce484222325 : print.hash;
  for (char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  print.length += bytes.size();
  print.hash = print.length == 0 ? 0 : hash;
  return print;
}

Inode inode_of(int fd, const struct stat& status) {
  // The kernel writes an int, whatever the request's number says.
  unsigned int generation = 0;
  if (ioctl(fd, FS_IOC_GETVERSION, &generation) != 0) {
    generation = 0;
  }
  return {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino), generation};
}

Fingerprint head_of(int fd, uint64_t size) {
  return hash_of(fd, 0, std::min(size, head_length));
}

Fingerprint marker_of(int fd, uint64_t offset) {
  uint64_t length = std::min(offset, marker_length);
  return hash_of(fd, offset - length, length);
}

bool has_head(int fd, const Fingerprint& head) {
  return head.length == 0 || (head.length <= head_length && hash_of(fd, 0, head.length) == head);
}

bool has_marker(int fd, uint64_t offset, const Fingerprint& marker) {
  return marker.length == 0 || (marker.length <= std::min(offset, marker_length) &&
                                hash_of(fd, offset - marker.length, marker.length) == marker);
}

HeadCheck::Answer HeadCheck::ask(int fd, const Fingerprint& head) {
  char bytes[head_length];
  size_t length = std::min(head.length, head_length);
  ssize_t got = length == 0 ? 0 : pread(fd, bytes, length, 0);
  if (got < 0) {
    return Answer::Unreadable;
  }
  std::string_view begin(bytes, static_cast<size_t>(got));
  if (begin.size() != head.length) {
    return Answer::Other;
  }
  uint32_t sum = crc32c(begin);
  if (known_ == head) {
    return sum == sum_ ? Answer::Same : Answer::Other;
  }
  if (extended({}, begin) != head) {
    return Answer::Other;
  }
  known_ = head;
  sum_ = sum;
  return Answer::Same;
}

bool is_same(int fd, const struct stat& status, const Identity& stored) {
  return inode_of(fd, status) == stored.inode && static_cast<uint64_t>(status.st_size) >= stored.offset &&
         has_head(fd, stored.head) && has_marker(fd, stored.offset, stored.marker);
}

uint64_t last_line_end(int fd, uint64_t size) {
  constexpr size_t most = 64 * 1024;
  size_t length = std::min<uint64_t>(size, most);
  auto bytes = std::make_unique<char[]>(most);
  ssize_t got = pread(fd, bytes.get(), length, static_cast<off_t>(size - length));
  if (got != static_cast<ssize_t>(length)) {
    return size;
  }
  const void* newline = memrchr(bytes.get(), '\n', length);
  if (newline == nullptr) {
    return length == size ? 0 : size;
  }
  return size - length + static_cast<uint64_t>(static_cast<const char*>(newline) + 1 - bytes.get());
}

std::string id_of_run(std::string_view source) {
  uint64_t nonce = 0;
  if (getrandom(&nonce, sizeof nonce, GRND_NONBLOCK) != sizeof nonce) {
    nonce = static_cast<uint64_t>(wall_ns());
  }
  char digits[20];
  char* end = std::to_chars(digits, digits + sizeof digits, nonce, 16).ptr;
  return std::string(source) + ":" + std::string(digits, end) + ".";
}

}  // namespace stook
