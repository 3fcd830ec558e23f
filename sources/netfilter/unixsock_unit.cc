// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/unixsock_unit.hh"

#include <algorithm>

#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr uint32_t marker = 0x41c90fd4;
constexpr size_t size_at = 4;
constexpr size_t head = 6;  // marker and size
constexpr size_t length_at = 10;
constexpr size_t packet_at = 12;
constexpr size_t option_head = 8;
constexpr size_t step = 8;

size_t aligned(size_t size) {
  return (size + step - 1) / step * step;
}

std::optional<uint64_t> number(std::string_view value) {
  switch (value.size()) {
    case 1:
      return static_cast<unsigned char>(value[0]);
    case 4:
      return big<uint32_t>(value.data());
    case 8:
      return big<uint64_t>(value.data());
    default:
      return std::nullopt;
  }
}

void take_option(uint32_t id, std::string_view value, UnixsockUnit& unit) {
  struct Text {
    uint32_t id;
    std::string_view UnixsockUnit::*member;
  };
  static constexpr Text texts[] = {{1, &UnixsockUnit::prefix},    {2, &UnixsockUnit::in},
                                   {3, &UnixsockUnit::out},       {200, &UnixsockUnit::user},
                                   {202, &UnixsockUnit::system},  {203, &UnixsockUnit::release},
                                   {204, &UnixsockUnit::version}, {205, &UnixsockUnit::program}};
  for (const Text& text : texts) {
    if (text.id == id) {
      unit.*text.member = value.substr(0, value.find('\0'));
    }
  }
  if (id == 4) {
    unit.time = number(value);
  } else if (id == 201) {
    unit.user_id = number(value);
  } else if (id == 206) {
    unit.state = number(value);
  }
}

}  // namespace

UnixsockStart start_of_unit(std::string_view bytes) {
  char wanted[sizeof marker];
  put_big(wanted, marker);
  size_t seen = std::min(bytes.size(), sizeof wanted);
  if (bytes.substr(0, seen) != std::string_view(wanted, seen)) {
    return {UnixsockStart::Kind::Wrong};
  }
  if (bytes.size() < head) {
    return {UnixsockStart::Kind::Short};
  }
  size_t size = size_at + big<uint16_t>(bytes.data() + size_at);
  if (size < packet_at) {
    return {UnixsockStart::Kind::Wrong};
  }
  return {bytes.size() < size ? UnixsockStart::Kind::Short : UnixsockStart::Kind::Whole, size};
}

bool read_unixsock_unit(std::string_view bytes, UnixsockUnit& unit) {
  unit = {};
  size_t length = big<uint16_t>(bytes.data() + length_at);
  if (length > bytes.size() - packet_at) {
    return false;
  }
  unit.packet = bytes.substr(packet_at, length);
  bytes.remove_prefix(std::min(packet_at + aligned(length), bytes.size()));
  while (bytes.size() >= option_head) {
    auto id = big<uint32_t>(bytes.data());
    size_t size = big<uint32_t>(bytes.data() + sizeof id);
    bytes.remove_prefix(option_head);
    if (size > bytes.size()) {
      break;
    }
    take_option(id, bytes.substr(0, size), unit);
    bytes.remove_prefix(std::min(aligned(size), bytes.size()));
  }
  return true;
}

}  // namespace stook
