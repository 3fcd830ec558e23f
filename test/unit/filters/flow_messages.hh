// SPDX-License-Identifier: Apache-2.0
/// Messages of NetFlow and IPFIX, built by hand from the RFCs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook::test {

inline std::string word(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = bytes; i-- > 0;) {
    text += static_cast<char>(value >> (8 * i));
  }
  return text;
}
inline std::string u8(uint64_t value) {
  return word(value, 1);
}
inline std::string u16(uint64_t value) {
  return word(value, 2);
}
inline std::string u32(uint64_t value) {
  return word(value, 4);
}
inline std::string u64(uint64_t value) {
  return word(value, 8);
}

/// A field of a template; with a PEN for enterprise elements of IPFIX.
struct FieldSpec {
  uint16_t id;
  uint16_t length;
  uint32_t pen = 0;
};

inline std::string set(uint16_t id, const std::string& body) {
  return u16(id) + u16(4 + body.size()) + body;
}

inline std::string fields(const std::vector<FieldSpec>& all) {
  std::string text;
  for (const FieldSpec& field : all) {
    text +=
        u16(field.pen == 0 ? field.id : field.id | 0x8000) + u16(field.length) + (field.pen == 0 ? "" : u32(field.pen));
  }
  return text;
}

inline std::string form(uint16_t id, const std::vector<FieldSpec>& all) {
  return u16(id) + u16(all.size()) + fields(all);
}

/// Of IPFIX; the first `scopes` fields are scopes.
inline std::string options_form(uint16_t id, size_t scopes, const std::vector<FieldSpec>& all) {
  return u16(id) + u16(all.size()) + u16(scopes) + fields(all);
}

/// Sent 1,800,000,000 s after 1970, an hour after the exporter's start.
inline std::string v9(uint32_t sequence, const std::string& sets, uint32_t source = 0) {
  return u16(9) + u16(1) + u32(3'600'000) + u32(1'800'000'000) + u32(sequence) + u32(source) + sets;
}

inline std::string ipfix(uint32_t sequence, const std::string& sets, uint32_t domain = 0) {
  return u16(10) + u16(16 + sets.size()) + u32(1'800'000'000) + u32(sequence) + u32(domain) + sets;
}

/// A record of NetFlow 5, and of 7 with `router`.
inline std::string v5_record(uint16_t sport, const std::string& router = "") {
  return u32(0xc0000201) + u32(0xc6336407) + u32(0xc00002fe) + u16(3) + u16(4) + u32(12) + u32(8123) + u32(3'590'000) +
         u32(3'599'500) + u16(sport) + u16(443) + u8(0) + u8(27) + u8(6) + u8(8) + u16(64500) + u16(64501) + u8(24) +
         u8(25) + u16(0) + router;
}

inline std::string v5(uint32_t sequence, const std::vector<std::string>& records, uint16_t sampling = 0) {
  std::string text = u16(5) + u16(records.size()) + u32(3'600'000) + u32(1'800'000'000) + u32(500) + u32(sequence) +
                     u16(0x0102) + u16(sampling);
  for (const std::string& record : records) {
    text += record;
  }
  return text;
}

}  // namespace stook::test
