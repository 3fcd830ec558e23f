// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A walk over the records of one segment, past whatever is damaged. Reader, recovery and tool share it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/spool/format.hh"
#include "core/spool/io.hh"

namespace stook {

/// What lies at the scan's offset, up to `end`.
struct Scanned {
  /// Record: whole and right. BadBody: its header is right, its body is not (or is of a type unknown here). BadSpan:
  /// bytes in which no header verifies. Blank: zeros, with nothing right up to the limit. Footer: the end of a sealed
  /// segment. End: the limit.
  enum class Kind : uint8_t { Record, BadBody, BadSpan, Blank, Footer, End };
  Kind kind = Kind::End;
  uint64_t begin = 0;
  uint64_t end = 0;
  RecordHeader header;
  /// Record only, valid until the next step.
  std::string_view body;
  /// Record only: its header's bytes, for the rolling checksum.
  std::string_view head;
  SegmentFooter footer;
};

/// *Invariants:* each step moves forward, or says Blank, Footer or End.
class SegmentScan {
 public:
  SegmentScan(SpoolIo& io, uint32_t seed) : io_(io), seed_(seed) {}
  /// Begins at an offset of this file, which stays the caller's. Records and footers of sequences below `first`, that of
  /// the segment, are what the file held before it became this segment: they are not believed.
  void start(int file, uint64_t offset, uint64_t first = 0);
  uint64_t offset() const { return at_; }
  /// Goes on behind what is known otherwise. REQUIRES: not below offset().
  void pass(uint64_t offset) { at_ = offset; }
  /// The next thing below `limit`, which is not below a former one. Behind damage only records from sequence `least` on
  /// are believed.
  Scanned step(uint64_t limit, uint64_t least);

 private:
  Scanned look_for_header(uint64_t limit, uint64_t least);
  std::optional<RecordHeader> header_at(uint64_t offset, uint64_t limit);
  std::optional<SegmentFooter> footer_at(uint64_t offset, uint64_t limit);
  const char* view(uint64_t offset, size_t size, uint64_t limit);
  void fill(uint64_t offset, size_t size, uint64_t limit);

  SpoolIo& io_;
  uint32_t seed_;
  int file_ = -1;
  uint64_t first_ = 0;
  uint64_t at_ = 0;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t held_ = 0;          // bytes in the buffer
  uint64_t held_begin_ = 0;  // where in the file they begin
};

}  // namespace stook
