// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The bytes of a spool: segments and their records. Pure value code; slots.hh has the state, folder.hh the names.
///
/// A spool is a folder of mode 0700. All numbers are little-endian.
///
///     lock                    locked by the process that has the spool open; the 16 bytes of the uuid
///     0000000000000001.seg    a segment: records in the order of their sequences; the name is its id in hex
///     state                   where the reader is (slots.hh)
///     dropped                 sequences that were dropped on purpose (slots.hh)
///     bad/                    copies of damaged bytes, 16 MiB at most
///     spare                   a file that was a segment and may become the next; a start removes it
///
/// *Segment.* 16 MiB, allocated when it is made; ids count up by one. A header of 64 bytes, records one behind the other,
/// a footer once it is sealed. It is then cut behind its footer. A segment that is not sealed ends in 24 zeros or more.
/// Behind those is anything when the file was a segment before: records and footers whose sequences are below the first of
/// the header are remains, and are not believed. Its name is given to such a file after its header is written; one whose
/// header is that of another id, and which is delivered under either, was overtaken by a power loss, and is removed.
///
///     header   0 magic "STKSEG1\0"   8 version u16 = 1   10 flags u16   12 capacity u32   16 uuid of the spool
///              32 segment id u64   40 sequence of its first record u64   48 rows before it u64   56 zero u32
///              60 CRC-32C of bytes 0 to 59 u32. Flag 1: its payloads are written anew before they are delivered
///     footer   0 magic "STKEND1\0"   8 segment id u64   16 records u64   24 last sequence u64 (first - 1 when there is none)
///              32 rows before and within u64   40 CRC-32C over the 24-byte headers of its records u32
///              44 CRC-32C of bytes 0 to 43 u32
///
/// *Record.* A header of 24 bytes, a body, zeros up to a multiple of 8. Sequences count up by one over the life of the spool.
///
///     header   0 magic u16 = 0x4b53   2 type u8 = 1   3 flags u8 = 0   4 length of the body u32, at most 16 MiB
///              8 sequence u64   16 CRC-32C of bytes 0 to 15 u32   20 CRC-32C of sequence and body u32
///
/// The checksums of footers and of record headers are seeded with that of the uuid: bytes of another spool do not verify. Two
/// checksums a record, so that a damaged body is stepped over exactly, and a damaged length is never believed.
///
/// *Body* of type 1, a payload:
///
///     0 time at which it was sealed, ns since 1970, i64   8 rows before it in the spool's life u64   16 rows u32
///     20 parts u32   24 row ends u32   28 bytes of addresses u32
///     32 parts, 12 bytes each: begin u32, rows u32, bytes of its address u32
///     row ends, 4 bytes each: where in the bytes the row ends; there are `rows` of them, or none
///     the addresses, one behind the other; the bytes of the payload
///
/// Rows are counted over the spool's life like sequences, so a gap says exactly how many rows are gone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/unfilled.hh"
#include "core/data/payload.hh"

namespace stook {

using SpoolUuid = std::array<unsigned char, 16>;

inline constexpr size_t segment_header_size = 64;
inline constexpr size_t segment_footer_size = 48;
inline constexpr size_t record_header_size = 24;
inline constexpr size_t record_body_most = size_t{16} << 20;
inline constexpr uint8_t record_of_payload = 1;
/// Ids are far below: a segment a millisecond would take 17 years.
inline constexpr uint64_t segment_id_most = uint64_t{1} << 39;

/// What is before the records of a segment.
struct SegmentHeader {
  uint32_t capacity = 0;
  SpoolUuid uuid{};
  uint64_t id = 0;
  uint64_t first_sequence = 1;
  uint64_t rows_before = 0;
  bool is_recoded = false;
};

/// What is behind the records of a sealed segment.
struct SegmentFooter {
  uint64_t id = 0;
  uint64_t records = 0;
  uint64_t last_sequence = 0;
  uint64_t rows_after = 0;
  uint32_t rolling_crc = 0;
};

struct RecordHeader {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t length = 0;
  uint64_t sequence = 0;
  uint32_t body_crc = 0;
};

/// The fixed part of a payload's body.
struct BodyHeader {
  int64_t sealed_wall = 0;
  uint64_t rows_before = 0;
  uint32_t rows = 0;
  uint32_t parts = 0;
  uint32_t row_ends = 0;
  uint32_t address_bytes = 0;
};

/// What the checksums of this spool's records begin with.
uint32_t spool_seed(const SpoolUuid& uuid);

void put_segment_header(const SegmentHeader& header, char* to);
void put_segment_footer(const SegmentFooter& footer, uint32_t seed, char* to);
/// Nothing when the bytes do not verify. REQUIRES: segment_header_size bytes.
std::optional<SegmentHeader> read_segment_header(const char* from);
/// REQUIRES: segment_footer_size bytes.
std::optional<SegmentFooter> read_segment_footer(const char* from, uint32_t seed);
/// REQUIRES: record_header_size bytes.
std::optional<RecordHeader> read_record_header(const char* from, uint32_t seed);
bool is_body_right(const RecordHeader& header, std::string_view body);

/// The bytes of a record with this body, padding included.
inline uint64_t record_size(uint64_t length) {
  return (record_header_size + length + 7) & ~uint64_t{7};
}

/// The length of a payload's body.
uint64_t body_length(const Payload& payload);

/// Appends the record of a payload, padding included. REQUIRES: body_length(payload) <= record_body_most.
void put_record(const Payload& payload, uint64_t sequence, uint64_t rows_before, int64_t sealed_wall, uint32_t seed,
                ByteBuffer& to);

/// The fixed part, or nothing when the lengths in it do not fit the body.
std::optional<BodyHeader> read_body_header(std::string_view body);
/// Fills an empty payload, its `sealed_at` left alone; false when the body makes no sense, and then `into` holds anything.
[[nodiscard]] bool read_body(std::string_view body, Payload& into);
/// The payload's bytes within a body. REQUIRES: read_body_header(body).
std::string_view body_bytes(std::string_view body, const BodyHeader& header);

}  // namespace stook
