// SPDX-License-Identifier: Apache-2.0
/// pcap: packets as a capture file, link type 101 (raw IP), as ulogd's PCAP writes them.
///
/// A file begins with the head of 24 bytes: magic a1b2c3d4, version 2.4, two words of 0, snap length 262144, link type
/// 101; each packet follows behind its own head of 16 bytes: seconds, microseconds, how many bytes are there, how many
/// there were. All are words of 4 bytes (the version of 2) in the byte order of this machine. The stamp is
/// `time`, else `oob.time.sec` and `oob.time.usec`, else now; the length is what the packet's IP header says. Rows without
/// an IP packet under `raw.pkt` are faults.
///
/// `form = pcapng` writes pcapng instead, with nanoseconds: a section header and one interface of link type 101 at the begin
/// of a file, and an enhanced packet block for each packet.
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

enum class PcapForm : uint8_t { Pcap, PcapNg };
template <>
inline constexpr std::string_view choice_names<PcapForm>[] = {"pcap", "pcapng"};

namespace {
struct PcapCodecConfig {
  PcapForm form = PcapForm::Pcap;
};

constexpr Option pcap_codec_options[] = {
    option<&PcapCodecConfig::form>("form", "pcap", "the form of the file"),
};

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

/// A section of unknown length with one interface whose stamps count nanoseconds.
struct PcapNgHead {
  uint32_t section_type = 0x0a0d0d0a;
  uint32_t section_size = 28;
  uint32_t byte_order = 0x1a2b3c4d;
  uint16_t major = 1;
  uint16_t minor = 0;
  uint32_t section_length[2] = {0xffffffff, 0xffffffff};
  uint32_t section_end = 28;
  uint32_t interface_type = 1;
  uint32_t interface_size = 32;
  uint16_t link = 101;
  uint16_t reserved = 0;
  uint32_t snap = most_captured;
  uint16_t resolution_code = 9;
  uint16_t resolution_size = 1;
  uint8_t resolution[4] = {9, 0, 0, 0};
  uint32_t options_end = 0;
  uint32_t interface_end = 32;
};
static_assert(sizeof(PcapNgHead) == 60);
constexpr PcapNgHead pcapng_head;

struct PcapRecord {
  uint32_t sec;
  uint32_t usec;
  uint32_t captured;
  uint32_t length;
};
static_assert(sizeof(PcapRecord) == 16);

struct PcapNgRecord {
  uint32_t type = 6;
  uint32_t size;
  uint32_t interface = 0;
  uint32_t time_high;
  uint32_t time_low;
  uint32_t captured;
  uint32_t length;
};
static_assert(sizeof(PcapNgRecord) == 28);

template <class T>
std::string_view bytes_of_head(const T& head) {
  return {reinterpret_cast<const char*>(&head), sizeof head};
}

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
  explicit PcapCodec(const PcapCodecConfig& config) : is_ng_(config.form == PcapForm::PcapNg) {}

  std::string_view header() const override { return is_ng_ ? bytes_of_head(pcapng_head) : bytes_of_head(pcap_head); }

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
      const Cell* time = times == nullptr ? nullptr : times->find(row);
      const Cell* second = seconds == nullptr ? nullptr : seconds->find(row);
      const Cell* micro = micros == nullptr ? nullptr : micros->find(row);
      int64_t ns = now;
      if (time != nullptr && time->type == Type::Time) {
        ns = time->integer;
      } else if (second != nullptr) {
        ns = second->integer * ns_of_second + (micro == nullptr ? 0 : micro->integer * 1000);
      }
      if (is_ng_) {
        put_block(payload, bytes, length, static_cast<uint64_t>(ns));
      } else {
        put_record(payload, bytes, length, ns);
      }
      payload.end_row();
    }
  }

 private:
  static void put_record(Payload& payload, std::string_view bytes, uint32_t length, int64_t ns) {
    PcapRecord record{static_cast<uint32_t>(ns / ns_of_second), static_cast<uint32_t>(ns % ns_of_second / 1000),
                      static_cast<uint32_t>(bytes.size()), length};
    char* to = payload.room(sizeof record + bytes.size());
    std::memcpy(to, &record, sizeof record);
    std::memcpy(to + sizeof record, bytes.data(), bytes.size());
    payload.commit(to + sizeof record + bytes.size());
  }

  static void put_block(Payload& payload, std::string_view bytes, uint32_t length, uint64_t ns) {
    size_t padding = (4 - bytes.size() % 4) % 4;
    size_t size = sizeof(PcapNgRecord) + bytes.size() + padding + sizeof(uint32_t);
    PcapNgRecord record{.size = static_cast<uint32_t>(size),
                        .time_high = static_cast<uint32_t>(ns >> 32),
                        .time_low = static_cast<uint32_t>(ns),
                        .captured = static_cast<uint32_t>(bytes.size()),
                        .length = length};
    char* to = payload.room(size);
    std::memcpy(to, &record, sizeof record);
    to += sizeof record;
    std::memcpy(to, bytes.data(), bytes.size());
    to += bytes.size();
    std::memset(to, 0, padding);
    to += padding;
    std::memcpy(to, &record.size, sizeof record.size);
    payload.commit(to + sizeof record.size);
  }

  bool is_ng_;
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
    .doc = "packets as a capture file of raw IP, pcap or pcapng",
    .options = pcap_codec_options,
    .config = config_type<PcapCodecConfig>,
    .declare = declare_pcap,
    .codec = make_codec<PcapCodec, PcapCodecConfig>,
    .is_binary = true,
};

}  // namespace stook
