// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The information elements of NetFlow 9 and IPFIX: IANA's registry, their reverse ones (RFC 5103) and netfilter's.
/// What reads flows and what sends them share this table, so that a row comes back as it went out. Its rows are made from
/// flow_elements.csv when stook is built.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/data/type.hh"

namespace stook {

/// Abstract data types (RFC 7012, section 3.1), without the widths of numbers.
enum class FlowType : uint8_t {
  Octets,
  Unsigned,
  Signed,
  Float,
  Boolean,
  Mac,
  Text,
  Seconds,
  Milliseconds,
  Microseconds,
  Nanoseconds,
  Ipv4,
  Ipv6,
  List
};

/// Private enterprise numbers: of reverse elements, and of netfilter.org.
inline constexpr uint32_t reverse_pen = 29305;
inline constexpr uint32_t netfilter_pen = 21373;

/// One information element.
struct FlowElement {
  uint32_t pen;
  uint16_t id;
  FlowType type;
  /// Bytes of a whole value; 0: as many as there are.
  uint8_t size;
  /// Whether `key` is stook's own name and not the registry's.
  bool has_key;
  std::string_view name;
  /// The key that holds its values.
  std::string_view key;
};

/// All elements, in ascending order of PEN and number.
std::span<const FlowElement> flow_elements();
/// The element of that number, or null.
const FlowElement* find_flow_element(uint32_t pen, uint16_t id);
/// The name for one that is in no registry: `ipfix.9.12235`.
std::string unknown_flow_element(uint32_t pen, uint16_t id);
/// The type of the cells that hold its values.
Type cell_type(FlowType type);
/// When this machine was started, in ms since 1970, as it seemed when first asked: what an exporter of NetFlow 9 counts
/// from.
int64_t flow_boot();

}  // namespace stook
