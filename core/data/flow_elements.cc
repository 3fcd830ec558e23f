// SPDX-License-Identifier: Apache-2.0
#include "core/data/flow_elements.hh"

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"

namespace stook {

namespace {
constexpr FlowElement table[] = {
#include "flow_table.inc"
};

constexpr std::pair<uint32_t, uint16_t> number_of(const FlowElement& element) {
  return {element.pen, element.id};
}
}  // namespace

std::span<const FlowElement> flow_elements() {
  return table;
}

const FlowElement* find_flow_element(uint32_t pen, uint16_t id) {
  std::pair<uint32_t, uint16_t> number(pen, id);
  const FlowElement* found =
      std::lower_bound(std::begin(table), std::end(table), number,
                       [](const FlowElement& element, const auto& sought) { return number_of(element) < sought; });
  return found != std::end(table) && number_of(*found) == number ? found : nullptr;
}

std::string unknown_flow_element(uint32_t pen, uint16_t id) {
  return "ipfix." + std::to_string(pen) + "." + std::to_string(id);
}

int64_t flow_boot() {
  static const int64_t boot = (wall_ns() - read_clock(CLOCK_BOOTTIME)) / 1'000'000;
  return boot;
}

Type cell_type(FlowType type) {
  switch (type) {
    case FlowType::Unsigned:
      return Type::Unsigned;
    case FlowType::Signed:
      return Type::Integer;
    case FlowType::Float:
      return Type::Real;
    case FlowType::Boolean:
      return Type::Boolean;
    case FlowType::Mac:
    case FlowType::Text:
      return Type::Text;
    case FlowType::Seconds:
    case FlowType::Milliseconds:
    case FlowType::Microseconds:
    case FlowType::Nanoseconds:
      return Type::Time;
    case FlowType::Ipv4:
    case FlowType::Ipv6:
      return Type::Address;
    case FlowType::Octets:
    case FlowType::List:
      break;
  }
  return Type::Bytes;
}

}  // namespace stook
