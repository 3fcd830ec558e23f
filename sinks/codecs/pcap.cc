// SPDX-License-Identifier: Apache-2.0
/// pcap: packets as a capture file, link type 101 (raw IP), as ulogd's PCAP writes them.
///
/// A file begins with the head of 24 bytes: magic a1b2c3d4, version 2.4, two words of 0, snap length 262144, link type
/// 101; each packet follows behind its own head of 16 bytes: seconds, microseconds, how many bytes are there, how many
/// there were. All are words of 4 bytes (the version of 2) in the byte order of this machine. The stamp is
/// `oob.time.sec` and `oob.time.usec`, else `time`, else now; the length is what the packet's IP header says. Rows without
/// an IP packet under `raw.pkt` are faults.
///
///   [out]
///   path = /var/log/stook/dropped.pcap
///   format = pcap
///   rotate = 64MiB
///
///   tcpdump -r /var/log/stook/dropped.pcap
#include <algorithm>
#include <cstring>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/endian.hh"

namespace stook {

namespace {
constexpr uint32_t most_captured = 262144;
constexpr int64_t ns_of_second = 1'000'000'000;
enum PcapIn : size_t { captured_packet, captured_sec, captured_usec, captured_time };

struct PcapHead {
  uint32_t magic = 0xa1b2c3d4;
  uint16_t major = 2;
  uint16_t minor = 4;
  uint32_t zone = 0;
  uint32_t accuracy = 0;
  uint32_t snap = most_captured;
  uint32_t link = 101;
};
static_assert(sizeof(PcapHead) == 24);
constexpr PcapHead pcap_head;

struct PcapRecord {
  uint32_t sec;
  uint32_t usec;
  uint32_t captured;
  uint32_t length;
};
static_assert(sizeof(PcapRecord) == 16);

/// The length of an IP packet as it says, at least what is there; 0 when it is none.
uint32_t length_of(std::string_view packet) {
  auto size = static_cast<uint32_t>(packet.size());
  int version = packet.empty() ? 0 : static_cast<unsigned char>(packet[0]) >> 4;
  if (version == 4) {
    return packet.size() < 4 ? size : std::max<uint32_t>(size, big<uint16_t>(packet.data() + 2));
  }
  if (version == 6) {
    return packet.size() < 6 ? size : std::max<uint32_t>(size, 40u + big<uint16_t>(packet.data() + 4));
  }
  return 0;
}

/// *Rooms:* one replica, its worker.
class PcapCodec final : public Codec {
 public:
  explicit PcapCodec(const NoConfig&) {}

  std::string_view header() const override { return {reinterpret_cast<const char*>(&pcap_head), sizeof pcap_head}; }

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const Column* packets = batch.read(batch.in(captured_packet));
    const Column* seconds = batch.read(batch.in(captured_sec));
    const Column* micros = batch.read(batch.in(captured_usec));
    const Column* times = batch.read(batch.in(captured_time));
    int64_t now = wall_ns();
    for (Row row : batch.rows()) {
      const Cell* packet = packets == nullptr ? nullptr : packets->find(row);
      bool has_bytes = packet != nullptr && (packet->type == Type::Bytes || packet->type == Type::Text);
      std::string_view bytes = has_bytes ? packet->bytes().substr(0, most_captured) : std::string_view();
      uint32_t length = length_of(bytes);
      if (length == 0) {
        batch.fault(row);
        continue;
      }
      PcapRecord record{0, 0, static_cast<uint32_t>(bytes.size()), length};
      const Cell* second = seconds == nullptr ? nullptr : seconds->find(row);
      if (second != nullptr) {
        const Cell* micro = micros == nullptr ? nullptr : micros->find(row);
        record.sec = static_cast<uint32_t>(second->bits);
        record.usec = micro == nullptr ? 0 : static_cast<uint32_t>(micro->bits);
      } else {
        const Cell* time = times == nullptr ? nullptr : times->find(row);
        int64_t ns = time == nullptr || time->type != Type::Time ? now : time->integer;
        record.sec = static_cast<uint32_t>(ns / ns_of_second);
        record.usec = static_cast<uint32_t>(ns % ns_of_second / 1000);
      }
      char* to = payload.room(sizeof record + bytes.size());
      std::memcpy(to, &record, sizeof record);
      std::memcpy(to + sizeof record, bytes.data(), bytes.size());
      payload.commit(to + sizeof record + bytes.size());
      payload.end_row();
    }
  }
};

void declare_pcap(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"raw.pkt", Type::Bytes},
                  {"oob.time.sec", Type::Unsigned, true},
                  {"oob.time.usec", Type::Unsigned, true},
                  {"time", Type::Time, true}};
}
}  // namespace

extern const Plugin codec_pcap;
const Plugin codec_pcap = {
    .kind = Kind::Codec,
    .name = "pcap",
    .doc = "packets as a capture file of raw IP",
    .options = {},
    .declare = declare_pcap,
    .codec = make_codec<PcapCodec, NoConfig>,
    .is_binary = true,
};

}  // namespace stook
