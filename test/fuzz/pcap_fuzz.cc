// SPDX-License-Identifier: Apache-2.0
/// Any bytes as a capture file: packets lie within the bytes, the reader goes on or says why not, and every packet's link
/// layer is taken apart within its bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "sources/pcap/frame.hh"
#include "sources/pcap/reader.hh"

namespace {
void require(bool is_right) {
  if (!is_right) {
    std::abort();
  }
}

bool is_within(std::string_view part, std::string_view whole) {
  return part.data() == nullptr ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void open(const stook::CapturedPacket& packet) {
  if (!stook::is_known_link(packet.link)) {
    return;
  }
  // A block of its own, so that the sanitizer sees every byte read beyond.
  std::vector<char> block(packet.bytes.begin(), packet.bytes.end());
  stook::CapturedPacket alone = packet;
  alone.bytes = {block.data(), block.size()};
  stook::LinkFrame frame;
  if (stook::open_frame(alone, frame)) {
    for (std::string_view part : {frame.packet, frame.mac, frame.sender, frame.prefix}) {
      require(is_within(part, alone.bytes));
    }
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using stook::PcapReader;
  PcapReader reader;
  std::vector<char> block(data, data + size);
  std::string_view rest(block.data(), block.size());
  for (;;) {
    switch (reader.next(rest)) {
      case PcapReader::Step::Packet:
        require(is_within(reader.packet().bytes, rest) && reader.used() > 0);
        open(reader.packet());
        break;
      case PcapReader::Step::Passed:
        require(reader.used() > 0);
        break;
      case PcapReader::Step::More:
        require(reader.wanted() > rest.size() && reader.wanted() <= PcapReader::most_wanted);
        return 0;
      case PcapReader::Step::Broken:
        require(reader.reason()[0] != '\0');
        return 0;
    }
    rest.remove_prefix(std::min(reader.used(), rest.size()));
  }
}
