// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Which file a descriptor is, beyond its name, and whether it still holds what was read of it.
/// Room: the source's front.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace stook {

/// The inode: device, number, and generation where the file system has one (else 0).
struct Inode {
  uint64_t device = 0;
  uint64_t number = 0;
  uint64_t generation = 0;
  friend auto operator<=>(const Inode&, const Inode&) = default;
};

/// FNV-1a of `length` bytes of a file. Length 0 says nothing and agrees with everything.
struct Fingerprint {
  uint64_t length = 0;
  uint64_t hash = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// The fingerprint of so many more bytes.
Fingerprint extended(Fingerprint print, std::string_view bytes);

/// What is remembered of a file: the head is its first bytes, up to 1024, the marker the up to 64 before the offset.
struct Identity {
  Inode inode;
  Fingerprint head;
  Fingerprint marker;
  uint64_t offset = 0;
};

inline constexpr uint64_t head_length = 1024;
inline constexpr uint64_t marker_length = 64;

Inode inode_of(int fd, const struct stat& status);
/// Of min(size, 1024) bytes.
Fingerprint head_of(int fd, uint64_t size);
/// Of the min(offset, 64) bytes before the offset.
Fingerprint marker_of(int fd, uint64_t offset);
/// Whether the bytes at the file's begin, or before `offset`, are those that were hashed.
bool has_head(int fd, const Fingerprint& head);
bool has_marker(int fd, uint64_t offset, const Fingerprint& marker);

/// Whether a file still begins with a head. It is asked each time the file is read, so what agreed once is told by a
/// checksum from then on: a quarter of the time.
class HeadCheck {
 public:
  enum class Answer : uint8_t { Same, Other, Unreadable };
  /// Unreadable: `errno` says why.
  [[nodiscard]] Answer ask(int fd, const Fingerprint& head);

 private:
  Fingerprint known_;
  uint32_t sum_ = 0;  // of the bytes of known_
};

/// Whether a stored offset holds for the open file: inode, size, head and marker agree.
bool is_same(int fd, const struct stat& status, const Identity& stored);

/// The offset behind the last newline, so that a file is entered at the begin of a line; the file's size when there is
/// none within the last 64 KiB.
uint64_t last_line_end(int fd, uint64_t size);

/// What ids begin with where the bytes have no identity of their own: the source, and a number drawn now.
std::string id_of_run(std::string_view source);

}  // namespace stook
