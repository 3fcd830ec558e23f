// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/reader.hh"

#include "core/data/endian.hh"

namespace stook {

namespace {
constexpr size_t file_head = 24;
constexpr size_t record_head = 16;
constexpr uint32_t magic_micro = 0xa1b2c3d4;
constexpr uint32_t magic_nano = 0xa1b23c4d;
constexpr uint32_t magic_modified = 0xa1b2cd34;
constexpr uint32_t magic_ng = 0x0a0d0d0a;
constexpr int64_t ns_of_second = 1'000'000'000;
}  // namespace

template <class U>
U PcapReader::word(const char* at) const {
  U value = big<U>(at);
  return is_big_ ? value : swapped(value);
}
template uint16_t PcapReader::word<uint16_t>(const char* at) const;
template uint32_t PcapReader::word<uint32_t>(const char* at) const;
template uint64_t PcapReader::word<uint64_t>(const char* at) const;

PcapReader::Step PcapReader::more(size_t size) {
  wanted_ = size;
  return Step::More;
}

PcapReader::Step PcapReader::passed(size_t size) {
  used_ = size;
  return Step::Passed;
}

PcapReader::Step PcapReader::broken(const char* reason) {
  reason_ = reason;
  return Step::Broken;
}

PcapReader::Step PcapReader::next(std::string_view bytes) {
  switch (form_) {
    case Form::Classic:
      return record(bytes);
    case Form::Ng:
      return block(bytes);
    default:
      return begin(bytes);
  }
}

PcapReader::Step PcapReader::begin(std::string_view bytes) {
  if (bytes.size() < 4) {
    return more(4);
  }
  if (big<uint32_t>(bytes.data()) == magic_ng) {
    form_ = Form::Ng;
    return block(bytes);
  }
  uint32_t magic = 0;
  for (bool is_big : {true, false}) {
    is_big_ = is_big;
    magic = word<uint32_t>(bytes.data());
    if (magic == magic_micro || magic == magic_nano || magic == magic_modified) {
      break;
    }
  }
  if (magic == magic_modified) {
    return broken("a pcap file of the modified form a1b2cd34; `editcap -F pcap` makes a plain one of it");
  }
  if (magic != magic_micro && magic != magic_nano) {
    return broken("neither a pcap nor a pcapng file: its first bytes are no known magic number");
  }
  if (bytes.size() < file_head) {
    return more(file_head);
  }
  if (word<uint16_t>(bytes.data() + 4) != 2) {
    return broken("a pcap file of another major version than 2");
  }
  form_ = Form::Classic;
  fraction_ = magic == magic_nano ? 1 : 1000;
  link_ = static_cast<uint16_t>(word<uint32_t>(bytes.data() + 20));
  return passed(file_head);
}

PcapReader::Step PcapReader::record(std::string_view bytes) {
  if (bytes.size() < record_head) {
    return more(record_head);
  }
  const char* head = bytes.data();
  uint32_t size = word<uint32_t>(head + 8);
  if (size > most_packet) {
    return broken("a record is longer than 256 KiB, so that the file is damaged here");
  }
  if (bytes.size() - record_head < size) {
    return more(record_head + size);
  }
  packet_.bytes = bytes.substr(record_head, size);
  packet_.time = int64_t{word<uint32_t>(head)} * ns_of_second + int64_t{word<uint32_t>(head + 4)} * fraction_;
  packet_.has_time = true;
  packet_.is_big = is_big_;
  packet_.link = link_;
  used_ = record_head + size;
  return Step::Packet;
}

}  // namespace stook
