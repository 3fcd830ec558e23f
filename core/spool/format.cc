// SPDX-License-Identifier: Apache-2.0
#include "core/spool/format.hh"

#include <cstring>

#include "core/base/crc32c.hh"
#include "core/spool/little.hh"

namespace stook {

namespace {
constexpr uint16_t flag_recoded = 1;

constexpr std::string_view segment_magic{"STKSEG1\0", 8};
constexpr std::string_view footer_magic{"STKEND1\0", 8};
constexpr uint16_t record_magic = 0x4b53;
constexpr size_t body_fixed = 32;
constexpr size_t part_size = 12;

uint32_t body_crc(uint64_t sequence, std::string_view body) {
  char bytes[8];
  put_little(bytes, sequence);
  return crc32c(body, crc32c({bytes, 8}));
}

// Row ends that do not say where each row ends say nothing.
std::span<const uint32_t> ends_of(const Payload& payload) {
  auto ends = payload.row_ends();
  return ends.size() == payload.rows() ? ends : ends.first(0);
}

size_t address_bytes(const Payload& payload) {
  size_t bytes = 0;
  for (size_t i = 0; i < payload.parts(); i++) {
    bytes += payload.part(i).address.size();
  }
  return bytes;
}

}  // namespace

uint32_t spool_seed(const SpoolUuid& uuid) {
  return crc32c({reinterpret_cast<const char*>(uuid.data()), uuid.size()});
}

void put_segment_header(const SegmentHeader& header, char* to) {
  std::memset(to, 0, segment_header_size);
  std::memcpy(to, segment_magic.data(), 8);
  put_little<uint16_t>(to + 8, 1);
  put_little<uint16_t>(to + 10, header.is_recoded ? flag_recoded : 0);
  put_little(to + 12, header.capacity);
  std::memcpy(to + 16, header.uuid.data(), header.uuid.size());
  put_little(to + 32, header.id);
  put_little(to + 40, header.first_sequence);
  put_little(to + 48, header.rows_before);
  put_little(to + 60, crc32c({to, 60}));
}

void put_segment_footer(const SegmentFooter& footer, uint32_t seed, char* to) {
  std::memcpy(to, footer_magic.data(), 8);
  put_little(to + 8, footer.id);
  put_little(to + 16, footer.records);
  put_little(to + 24, footer.last_sequence);
  put_little(to + 32, footer.rows_after);
  put_little(to + 40, footer.rolling_crc);
  put_little(to + 44, crc32c({to, 44}, seed));
}

std::optional<SegmentHeader> read_segment_header(const char* from) {
  if (std::string_view(from, 8) != segment_magic || little<uint16_t>(from + 8) != 1 ||
      little<uint32_t>(from + 60) != crc32c({from, 60})) {
    return std::nullopt;
  }
  SegmentHeader header;
  header.capacity = little<uint32_t>(from + 12);
  std::memcpy(header.uuid.data(), from + 16, header.uuid.size());
  header.id = little<uint64_t>(from + 32);
  header.first_sequence = little<uint64_t>(from + 40);
  header.rows_before = little<uint64_t>(from + 48);
  header.is_recoded = (little<uint16_t>(from + 10) & flag_recoded) != 0;
  return header;
}

std::optional<SegmentFooter> read_segment_footer(const char* from, uint32_t seed) {
  if (std::string_view(from, 8) != footer_magic || little<uint32_t>(from + 44) != crc32c({from, 44}, seed)) {
    return std::nullopt;
  }
  return SegmentFooter{little<uint64_t>(from + 8), little<uint64_t>(from + 16), little<uint64_t>(from + 24),
                       little<uint64_t>(from + 32), little<uint32_t>(from + 40)};
}

std::optional<RecordHeader> read_record_header(const char* from, uint32_t seed) {
  if (little<uint16_t>(from) != record_magic) {
    return std::nullopt;
  }
  RecordHeader header{static_cast<uint8_t>(from[2]), static_cast<uint8_t>(from[3]), little<uint32_t>(from + 4),
                      little<uint64_t>(from + 8), little<uint32_t>(from + 20)};
  if (header.length > record_body_most || little<uint32_t>(from + 16) != crc32c({from, 16}, seed)) {
    return std::nullopt;
  }
  return header;
}

bool is_body_right(const RecordHeader& header, std::string_view body) {
  return body_crc(header.sequence, body) == header.body_crc;
}

uint64_t body_length(const Payload& payload) {
  return body_fixed + payload.parts() * part_size + ends_of(payload).size() * 4 + address_bytes(payload) +
         payload.size();
}

void put_record(const Payload& payload, uint64_t sequence, uint64_t rows_before, int64_t sealed_wall, uint32_t seed,
                ByteBuffer& to) {
  const uint64_t length = body_length(payload);
  const size_t start = to.size();
  const auto ends = ends_of(payload);
  to.resize(start + record_size(length));
  char* head = to.data() + start;
  char* body = head + record_header_size;
  put_little(body, sealed_wall);
  put_little(body + 8, rows_before);
  put_little(body + 16, static_cast<uint32_t>(payload.rows()));
  put_little(body + 20, static_cast<uint32_t>(payload.parts()));
  put_little(body + 24, static_cast<uint32_t>(ends.size()));
  put_little(body + 28, static_cast<uint32_t>(address_bytes(payload)));
  char* at = body + body_fixed;
  char* address = at + payload.parts() * part_size + ends.size() * 4;
  for (size_t i = 0; i < payload.parts(); i++) {
    const Payload::Part& part = payload.part(i);
    put_little(at, static_cast<uint32_t>(part.begin));
    put_little(at + 4, static_cast<uint32_t>(part.rows));
    put_little(at + 8, static_cast<uint32_t>(part.address.size()));
    at += part_size;
    std::memcpy(address, part.address.data(), part.address.size());
    address += part.address.size();
  }
  for (uint32_t end : ends) {
    put_little(at, end);
    at += 4;
  }
  if (payload.size() > 0) {
    std::memcpy(address, payload.bytes().data(), payload.size());
  }
  std::fill(body + length, to.data() + to.size(), '\0');
  put_little(head, record_magic);
  head[2] = record_of_payload;
  head[3] = 0;
  put_little(head + 4, static_cast<uint32_t>(length));
  put_little(head + 8, sequence);
  put_little(head + 16, crc32c({head, 16}, seed));
  put_little(head + 20, body_crc(sequence, {body, length}));
}

std::optional<BodyHeader> read_body_header(std::string_view body) {
  if (body.size() < body_fixed) {
    return std::nullopt;
  }
  const char* at = body.data();
  BodyHeader header{little<int64_t>(at),       little<uint64_t>(at + 8),  little<uint32_t>(at + 16),
                    little<uint32_t>(at + 20), little<uint32_t>(at + 24), little<uint32_t>(at + 28)};
  const uint64_t tables = uint64_t{header.parts} * part_size + uint64_t{header.row_ends} * 4 + header.address_bytes;
  if (tables > body.size() - body_fixed || (header.row_ends != 0 && header.row_ends != header.rows)) {
    return std::nullopt;
  }
  return header;
}

bool read_body(std::string_view body, Payload& into) {
  auto header = read_body_header(body);
  if (!header) {
    return false;
  }
  const std::string_view bytes = body_bytes(body, *header);
  const char* at = body.data() + body_fixed;
  const char* ends = at + size_t{header->parts} * part_size;
  const char* address = ends + size_t{header->row_ends} * 4;
  size_t addresses = header->address_bytes;
  uint64_t rows = 0;
  for (uint32_t i = 0; i < header->parts; i++, at += part_size) {
    const size_t begin = little<uint32_t>(at);
    const size_t next = i + 1 < header->parts ? little<uint32_t>(at + part_size) : bytes.size();
    const size_t size = little<uint32_t>(at + 8);
    if (begin > next || next > bytes.size() || (i == 0 && begin != 0) || size > addresses) {
      return false;
    }
    into.begin_part({address, size});
    into.count_rows(little<uint32_t>(at + 4));
    into.append(bytes.substr(begin, next - begin));
    address += size;
    addresses -= size;
    rows += little<uint32_t>(at + 4);
  }
  uint32_t last = 0;
  for (uint32_t i = 0; i < header->row_ends; i++, ends += 4) {
    const auto end = little<uint32_t>(ends);
    if (end < last || end > bytes.size()) {
      return false;
    }
    into.end_row_at(end);
    last = end;
  }
  return rows == header->rows && into.size() == bytes.size();
}

std::string_view body_bytes(std::string_view body, const BodyHeader& header) {
  return body.substr(body_fixed + size_t{header.parts} * part_size + size_t{header.row_ends} * 4 +
                     header.address_bytes);
}

}  // namespace stook
