// SPDX-License-Identifier: Apache-2.0
/// The blocks of pcapng.
#include <algorithm>

#include "core/data/endian.hh"
#include "sources/pcap/reader.hh"

namespace stook {

namespace {
enum BlockType : uint32_t {
  interface_block = 1,
  obsolete_packet_block = 2,
  simple_packet_block = 3,
  enhanced_packet_block = 6,
  section_block = 0x0a0d0d0a,
};
constexpr uint32_t order_magic = 0x1a2b3c4d;
constexpr size_t least_block = 12;
constexpr size_t packet_head = 20;
constexpr size_t most_interfaces = 65536;
constexpr uint16_t option_end = 0;
constexpr uint16_t option_resolution = 9;
constexpr uint16_t option_offset = 14;
constexpr int64_t ns_of_second = 1'000'000'000;

bool holds_packets(uint32_t type) {
  return type == simple_packet_block || type == enhanced_packet_block || type == obsolete_packet_block;
}

uint64_t power_of_ten(unsigned digits) {
  uint64_t power = 1;
  for (unsigned i = 0; i < digits; i++) {
    power *= 10;
  }
  return power;
}
}  // namespace

PcapReader::Step PcapReader::block(std::string_view bytes) {
  if (bytes.size() < least_block) {
    return more(least_block);
  }
  if (big<uint32_t>(bytes.data()) == section_block) {
    return section(bytes);
  }
  uint32_t type = word<uint32_t>(bytes.data());
  uint32_t size = word<uint32_t>(bytes.data() + 4);
  if (size < least_block || size % 4 != 0) {
    return broken("a block's length is less than 12 or no multiple of 4, so that the file is damaged here");
  }
  if (!holds_packets(type) && type != interface_block) {
    return passed(size);
  }
  if (size > most_packet + 64) {
    return long_block(bytes, type, size);
  }
  if (bytes.size() < size) {
    return more(size);
  }
  if (word<uint32_t>(bytes.data() + size - 4) != size) {
    return broken("a block's two lengths differ, so that the file is damaged here");
  }
  used_ = size;
  std::string_view body = bytes.substr(8, size - least_block);
  switch (type) {
    case interface_block:
      return interface(body);
    case simple_packet_block:
      return simple(body);
    default:
      if (body.size() < packet_head) {
        return broken("a packet block is cut");
      }
      return enhanced(body, type == enhanced_packet_block ? word<uint32_t>(body.data()) : word<uint16_t>(body.data()));
  }
}

// Only what holds the packet is needed; the options are stepped over.
PcapReader::Step PcapReader::long_block(std::string_view bytes, uint32_t type, size_t size) {
  constexpr size_t fixed = 8 + packet_head;
  if (type != enhanced_packet_block) {
    return broken("a block is longer than 256 KiB, so that the file is damaged here");
  }
  if (bytes.size() < fixed) {
    return more(fixed);
  }
  size_t captured = word<uint32_t>(bytes.data() + 20);
  if (captured > most_packet) {
    return broken("a packet is longer than 256 KiB, so that the file is damaged here");
  }
  if (bytes.size() < fixed + captured) {
    return more(fixed + captured);
  }
  used_ = size;
  return enhanced(bytes.substr(8, packet_head + captured), word<uint32_t>(bytes.data() + 8));
}

PcapReader::Step PcapReader::section(std::string_view bytes) {
  is_big_ = big<uint32_t>(bytes.data() + 8) == order_magic;
  if (word<uint32_t>(bytes.data() + 8) != order_magic) {
    return broken("a section header without the byte-order magic");
  }
  uint32_t size = word<uint32_t>(bytes.data() + 4);
  if (size < 28 || size % 4 != 0) {
    return broken("a section header's length is wrong");
  }
  if (bytes.size() < 16) {
    return more(16);
  }
  if (word<uint16_t>(bytes.data() + 12) != 1) {
    return broken("a pcapng section of another major version than 1");
  }
  interfaces_.clear();
  return passed(size);
}

PcapReader::Step PcapReader::interface(std::string_view body) {
  if (body.size() < 8 || interfaces_.size() >= most_interfaces) {
    return broken(body.size() < 8 ? "an interface description is cut" : "a section with more than 65536 interfaces");
  }
  Interface fresh{word<uint16_t>(body.data()), word<uint32_t>(body.data() + 4)};
  interface_options(body.substr(8), fresh);
  interfaces_.push_back(fresh);
  return passed(used_);
}

void PcapReader::interface_options(std::string_view options, Interface& to) const {
  while (options.size() >= 4) {
    uint16_t code = word<uint16_t>(options.data());
    size_t size = word<uint16_t>(options.data() + 2);
    options.remove_prefix(4);
    if (code == option_end || size > options.size()) {
      return;
    }
    if (code == option_resolution && size == 1) {
      auto resolution = static_cast<uint8_t>(options[0]);
      to.is_binary = (resolution & 0x80) != 0;
      // Finer than 10^-19 or 2^-63 is no clock; such a stamp counts as that.
      to.digits = std::min<uint8_t>(resolution & 0x7f, to.is_binary ? 63 : 19);
      to.scale = power_of_ten(to.digits <= 9 ? 9u - to.digits : to.digits - 9u);
    } else if (code == option_offset && size == 8) {
      to.offset = static_cast<int64_t>(word<uint64_t>(options.data()));
    }
    options.remove_prefix(std::min((size + 3) / 4 * 4, options.size()));
  }
}

int64_t PcapReader::time_of(const Interface& interface, uint64_t stamp) const {
  // Wrapping is for stamps that no clock writes.
  uint64_t offset = static_cast<uint64_t>(interface.offset) * ns_of_second;
  uint64_t ns = 0;
  if (interface.is_binary) {
    uint64_t seconds = stamp >> interface.digits;
    uint64_t rest = stamp - (seconds << interface.digits);
    // Half a nanosecond is kept at least, and the product fits.
    unsigned digits = std::min<unsigned>(interface.digits, 32);
    rest >>= interface.digits - digits;
    ns = seconds * ns_of_second + (rest * ns_of_second >> digits);
  } else if (interface.digits <= 9) {
    ns = stamp * interface.scale;
  } else {
    ns = stamp / interface.scale;
  }
  return static_cast<int64_t>(ns + offset);
}

PcapReader::Step PcapReader::enhanced(std::string_view body, uint32_t number) {
  size_t captured = word<uint32_t>(body.data() + 12);
  if (number >= interfaces_.size()) {
    return broken("a packet block of an interface that was not described");
  }
  if (captured > body.size() - packet_head) {
    return broken("a packet is longer than its block");
  }
  const Interface& from = interfaces_[number];
  uint64_t stamp = uint64_t{word<uint32_t>(body.data() + 4)} << 32 | word<uint32_t>(body.data() + 8);
  packet_ = {body.substr(packet_head, captured), time_of(from, stamp), true, is_big_, from.link};
  return Step::Packet;
}

PcapReader::Step PcapReader::simple(std::string_view body) {
  if (body.size() < 4) {
    return broken("a packet block is cut");
  }
  if (interfaces_.empty()) {
    return broken("a packet block of an interface that was not described");
  }
  const Interface& from = interfaces_[0];
  size_t captured = std::min<size_t>(word<uint32_t>(body.data()), body.size() - 4);
  captured = from.snap > 0 ? std::min<size_t>(captured, from.snap) : captured;
  packet_ = {body.substr(4, captured), 0, false, is_big_, from.link};
  return Step::Packet;
}

}  // namespace stook
