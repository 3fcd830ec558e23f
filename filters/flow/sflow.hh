// SPDX-License-Identifier: Apache-2.0
/// sFlow 5 (sflow.org, "sFlow Version 5", July 2004): datagrams and the samples in them. All numbers are XDR: big-endian, in
/// multiples of four bytes. Pure: it looks at bytes and keeps none.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// What stands at the head of a datagram.
struct SflowHead {
  std::string_view agent;  // an address of 4 or 16 bytes
  uint32_t sub_agent = 0;
  uint32_t sequence = 0;
  uint32_t samples = 0;
};

/// Reads numbers and bytes one after the other. Once there are too few of them nothing more is read.
class XdrReader {
 public:
  explicit XdrReader(std::string_view bytes) : rest_(bytes) {}
  uint32_t number();
  uint64_t long_number();
  /// So many bytes, and those that fill them up to a multiple of four.
  std::string_view bytes(size_t size);
  bool is_cut() const { return is_cut_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view take(size_t size);

  std::string_view rest_;
  bool is_cut_ = false;
};

/// One sample: of a packet, or of counters. `format` 1 to 4 are known, others are passed over.
struct SflowSample {
  uint32_t format = 0;
  std::string_view body;

  bool is_flow() const { return format == 1 || format == 3; }
  bool is_counters() const { return format == 2 || format == 4; }
  bool is_expanded() const { return format == 3 || format == 4; }
};

/// Reads the head, and leaves the reader before the first sample. Null, or what is wrong.
const char* read_sflow_head(XdrReader& reader, SflowHead& head);
/// The next sample; false: the datagram ends within it.
[[nodiscard]] bool next_sample(XdrReader& reader, SflowSample& sample);

}  // namespace stook
