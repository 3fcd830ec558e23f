// SPDX-License-Identifier: Apache-2.0
/// Bytes of a followed file from a position on, together with those just before it. Room: the source's front.
#pragma once

#include <string>

#include "core/api/identity.hh"
#include "sources/lines.hh"

namespace stook {

/// What is known of the file before the place where reading goes on.
struct KnownBytes {
  Fingerprint head;
  Fingerprint marker;
  HeadCheck& check;
};

/// Reads on from `position`. The first read takes in the up to 64 bytes before as well, in the same call, and each one
/// looks at the head afterwards. It gives nothing when they are not those that were known: the file was truncated, and
/// perhaps written anew. The marker alone does not tell: lines that end alike have the same wherever one ends.
class PreadBytes final : public Bytes {
 public:
  PreadBytes(int fd, uint64_t position, const KnownBytes& known)
      : offset(position), begin_(position), fd_(fd), known_(known) {}
  ssize_t read(char* to, size_t size) override;
  int error() const { return error_; }

  /// Where the bytes of the last read are is used for something else now.
  void forget() { piece_size_ = 0, piece_at_ = UINT64_MAX; }
  /// The marker before a position, from what was read last; read again when that does not reach.
  Fingerprint marker_before(uint64_t position) const;
  /// The head, extended by what was read of the file's first 1024 bytes before a position.
  Fingerprint head_before(Fingerprint head, uint64_t position) const;

  /// Where the next read begins.
  uint64_t offset;
  /// The last read came to the file's end.
  bool is_at_end = false;
  /// What is before `position` is not what was there.
  bool is_other = false;
  /// A hole of at least 64 KiB begins at `offset`, zeros around it included, and ends there; 0: none.
  uint64_t hole_end = 0;

 private:
  HeadCheck::Answer compare(size_t have, size_t before);
  size_t stop_at_hole(const char* bytes, size_t size);

  uint64_t begin_;
  int fd_;
  KnownBytes known_;
  bool is_verified_ = false;
  char before_[marker_length];
  const char* piece_ = nullptr;
  size_t piece_size_ = 0;
  uint64_t piece_at_ = 0;
};

}  // namespace stook
