// SPDX-License-Identifier: Apache-2.0
#include "core/spool/scan.hh"

#include <algorithm>
#include <cstring>

namespace stook {

namespace {
// Large enough for a read to cost little beside the copy, small enough to stay in the second cache.
constexpr size_t chunk = size_t{256} << 10;
constexpr size_t page = 4096;

bool is_zero(const char* at, size_t size) {
  return std::all_of(at, at + size, [](char c) { return c == 0; });
}
}  // namespace

void SegmentScan::start(int file, uint64_t offset, uint64_t first) {
  file_ = file;
  first_ = first;
  at_ = offset;
  held_ = 0;
}

Scanned SegmentScan::step(uint64_t limit, uint64_t least) {
  Scanned found;
  found.begin = at_;
  found.end = limit;
  if (at_ >= limit) {
    found.end = at_;
    return found;
  }
  if (auto footer = footer_at(at_, limit)) {
    found.kind = Scanned::Kind::Footer;
    found.footer = *footer;
    found.end = at_ + segment_footer_size;
    return found;
  }
  auto header = header_at(at_, limit);
  if (!header) {
    return look_for_header(limit, least);
  }
  const size_t whole = record_header_size + header->length;
  found.header = *header;
  found.kind = Scanned::Kind::BadBody;
  if (at_ + whole <= limit) {
    const char* bytes = view(at_, whole, limit);
    found.end = std::min(limit, at_ + record_size(header->length));
    found.head = {bytes, record_header_size};
    found.body = {bytes + record_header_size, header->length};
    if (is_body_right(*header, found.body) && header->type == record_of_payload) {
      found.kind = Scanned::Kind::Record;
    }
  }
  at_ = found.end;
  return found;
}

// Steps of 8 bytes to the next header that verifies. Zeros at the end are told apart from damage before them. As much
// zeros as a header takes, and nothing right behind them, are the end of what was written: in a file that was a segment
// before, what it held then is behind them.
Scanned SegmentScan::look_for_header(uint64_t limit, uint64_t least) {
  Scanned found;
  found.begin = at_;
  uint64_t dirty_end = at_;
  uint64_t offset = at_;
  const size_t ahead = static_cast<size_t>(std::min<uint64_t>(record_header_size, limit - at_));
  const bool begins_blank = is_zero(view(at_, ahead, limit), ahead);
  for (; offset < limit; offset += 8) {
    const size_t left = static_cast<size_t>(std::min<uint64_t>(8, limit - offset));
    const char* bytes = view(offset, left, limit);
    if (is_zero(bytes, left)) {
      continue;
    }
    if (offset > at_) {
      auto header = header_at(offset, limit);
      if ((header && header->sequence >= least) || footer_at(offset, limit)) {
        dirty_end = offset;
        break;
      }
    }
    dirty_end = offset + left;
  }
  if (dirty_end == at_ || (begins_blank && offset >= limit)) {
    found.kind = Scanned::Kind::Blank;
    found.end = limit;
    return found;
  }
  found.kind = Scanned::Kind::BadSpan;
  found.end = dirty_end;
  at_ = dirty_end;
  return found;
}

std::optional<RecordHeader> SegmentScan::header_at(uint64_t offset, uint64_t limit) {
  if (offset + record_header_size > limit) {
    return std::nullopt;
  }
  auto header = read_record_header(view(offset, record_header_size, limit), seed_);
  return header && header->sequence >= first_ ? header : std::nullopt;
}

std::optional<SegmentFooter> SegmentScan::footer_at(uint64_t offset, uint64_t limit) {
  if (offset + segment_footer_size > limit) {
    return std::nullopt;
  }
  auto footer = read_segment_footer(view(offset, segment_footer_size, limit), seed_);
  return footer && footer->last_sequence + 1 >= first_ ? footer : std::nullopt;
}

// The bytes at an offset. REQUIRES: offset + size <= limit.
const char* SegmentScan::view(uint64_t offset, size_t size, uint64_t limit) {
  if (offset < held_begin_ || offset + size > held_begin_ + held_ || held_ == 0) {
    fill(offset, size, limit);
  }
  return buffer_.get() + (offset - held_begin_);
}

// Reads at least these bytes, more when there are more. What cannot be read counts as zeros, page by page, so that a bad
// sector costs the records in it and no other.
void SegmentScan::fill(uint64_t offset, size_t size, uint64_t limit) {
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(std::max(size, chunk), limit - offset));
  if (wanted > capacity_) {
    capacity_ = std::max(wanted, chunk);
    buffer_.reset(new char[capacity_]);
  }
  held_begin_ = offset;
  held_ = wanted;
  size_t done = 0;
  bool is_failing = false;
  while (done < wanted) {
    const size_t piece = is_failing ? std::min(page - (offset + done) % page, wanted - done) : wanted - done;
    const ssize_t got = io_.read_at(file_, buffer_.get() + done, piece, offset + done);
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (got < 0 && !is_failing) {
      is_failing = true;
    } else if (got < 0) {
      std::memset(buffer_.get() + done, 0, piece);
      done += piece;
    } else {
      std::memset(buffer_.get() + done, 0, wanted - done);  // the file ends before the limit
      done = wanted;
    }
  }
}

}  // namespace stook
