// SPDX-License-Identifier: Apache-2.0
/// Capture files, cut into packets: the classic pcap format and pcapng (draft-ietf-opsawg-pcap, -pcapng). Pure.
///
/// Classic: a header of 24 bytes (magic a1b2c3d4 with microseconds or a1b23c4d with nanoseconds, in the byte order of the
/// writer; version; snap length; link type in the low 16 bits), then records of 16 bytes (seconds, fraction, captured
/// length, length on the wire) and the captured bytes.
/// pcapng: blocks of a type, a total length, a body padded to 4 bytes, and the length again. A section header says the byte
/// order and forgets all interfaces; interface descriptions say link type, snap length, resolution (if_tsresol) and
/// offset (if_tsoffset) of stamps; enhanced and simple packet blocks hold packets. Other blocks are stepped over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// One packet as the file holds it. `bytes` begin with the link layer; they live as long as what was given to `next`.
struct CapturedPacket {
  std::string_view bytes;
  int64_t time = 0;  // ns since 1970 UTC
  bool has_time = false;
  bool is_big = false;  // the writer's byte order is big-endian
  uint16_t link = 0;    // LINKTYPE_*
};

/// *Invariants:* no byte beyond what was given is read; a packet longer than `most_packet` makes the file unreadable.
class PcapReader {
 public:
  /// Packet: `packet()`, and `used()` bytes are done with. Passed: `used()` bytes held no packet; they may be more than were
  /// given: the rest is to be stepped over. More: at least `wanted()` bytes must be given. Broken: see `reason()`.
  enum class Step : uint8_t { Packet, Passed, More, Broken };

  /// No packet is longer.
  static constexpr size_t most_packet = 256 * 1024;
  /// What `wanted` asks for at the most.
  static constexpr size_t most_wanted = most_packet + 128;

  /// `bytes`: what follows the bytes used so far.
  [[nodiscard]] Step next(std::string_view bytes);
  const CapturedPacket& packet() const { return packet_; }
  size_t used() const { return used_; }
  size_t wanted() const { return wanted_; }
  const char* reason() const { return reason_; }

 private:
  enum class Form : uint8_t { Unknown, Classic, Ng };
  /// Of pcapng. A stamp counts 10^-digits or 2^-digits seconds.
  struct Interface {
    uint16_t link;
    uint32_t snap;
    uint8_t digits = 6;
    bool is_binary = false;
    uint64_t scale = 1000;  // between stamps and ns, when they are decimal
    int64_t offset = 0;     // s
  };

  template <class U>
  U word(const char* at) const;
  Step more(size_t size);
  Step passed(size_t size);
  Step broken(const char* reason);
  Step begin(std::string_view bytes);
  Step record(std::string_view bytes);
  Step block(std::string_view bytes);
  Step section(std::string_view bytes);
  Step interface(std::string_view body);
  void interface_options(std::string_view options, Interface& to) const;
  Step long_block(std::string_view bytes, uint32_t type, size_t size);
  Step enhanced(std::string_view body, uint32_t number);
  Step simple(std::string_view body);
  int64_t time_of(const Interface& interface, uint64_t stamp) const;

  Form form_ = Form::Unknown;
  bool is_big_ = false;
  uint32_t fraction_ = 1;  // ns of a classic fraction
  uint16_t link_ = 0;
  std::vector<Interface> interfaces_;
  CapturedPacket packet_;
  size_t used_ = 0;
  size_t wanted_ = 0;
  const char* reason_ = "";
};

}  // namespace stook
