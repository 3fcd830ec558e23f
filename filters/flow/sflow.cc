// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/sflow.hh"

#include "core/data/endian.hh"

namespace stook {

std::string_view XdrReader::take(size_t size) {
  if (is_cut_ || size > rest_.size()) {
    is_cut_ = true;
    return {};
  }
  std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

uint32_t XdrReader::number() {
  std::string_view bytes = take(4);
  return bytes.empty() ? 0 : big<uint32_t>(bytes.data());
}

uint64_t XdrReader::long_number() {
  std::string_view bytes = take(8);
  return bytes.empty() ? 0 : big<uint64_t>(bytes.data());
}

std::string_view XdrReader::bytes(size_t size) {
  std::string_view taken = take(size);
  take(is_cut_ ? 0 : (4 - size % 4) % 4);
  return taken;
}

const char* read_sflow_head(XdrReader& reader, SflowHead& head) {
  constexpr uint32_t version = 5;
  if (reader.number() != version) {
    return "no sFlow: the version is not 5";
  }
  uint32_t kind = reader.number();
  if (kind != 1 && kind != 2) {
    return "no sFlow: the agent's address is of no known kind";
  }
  head.agent = reader.bytes(kind == 1 ? 4 : 16);
  head.sub_agent = reader.number();
  head.sequence = reader.number();
  (void)reader.number();  // ms since the agent's start
  head.samples = reader.number();
  return reader.is_cut() ? "no sFlow: shorter than a head" : nullptr;
}

bool next_sample(XdrReader& reader, SflowSample& sample) {
  sample.format = reader.number();
  uint32_t size = reader.number();
  sample.body = reader.bytes(size);
  return !reader.is_cut();
}

}  // namespace stook
