// SPDX-License-Identifier: Apache-2.0
/// hwhdr: writes link-layer headers and addresses as text, as ulogd's HWHDR.
///
/// A header stands under `mac.str` as a whole; of one of Ethernet (`raw.type` 1) `mac.saddr.str` and `mac.daddr.str` are
/// written too. Without a header the sender's address alone (`raw.mac.saddr`) is `mac.saddr.str`. `raw.type` and
/// `oob.protocol` are written where the source says nothing and the header does.
///
///     stack=in:NFLOG,mac:HWHDR,out:JSON
///
/// `mac.saddr.str=02:00:00:00:00:0a mac.daddr.str=02:00:00:00:00:0b mac.str=02:00:00:00:00:0b:02:00:00:00:00:0a:08:00`
#include "core/api/plugin.hh"
#include "core/data/endian.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
enum HwIn : size_t { hw_mac, hw_sender, hw_type_in, hw_protocol_in };
enum HwOut : size_t { hw_type, hw_protocol, hw_saddr, hw_daddr, hw_str, hw_outs };

constexpr uint64_t arphrd_ether = 1;
constexpr uint64_t arphrd_void = 0xffff;
constexpr size_t ethernet_head = 14;
constexpr size_t most_bytes = 256;

/// *Rooms:* a replica per worker.
class HwHdr final : public Filter {
 public:
  explicit HwHdr(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    const Column* headers = batch.read(batch.in(hw_mac));
    const Column* senders = batch.read(batch.in(hw_sender));
    const Column* types = batch.read(batch.in(hw_type_in));
    const Column* protocols = batch.read(batch.in(hw_protocol_in));
    for (Row row : batch.rows()) {
      std::string_view header = bytes_at(headers, row);
      std::string_view sender = bytes_at(senders, row);
      NumberAt type = number_at(types, row);
      if (header.data() != nullptr && !type) {
        put(batch, hw_type, row, Cell::of_unsigned(arphrd_void));
      }
      if (header.size() >= ethernet_head && type.value == arphrd_ether) {
        put_hex(batch, hw_daddr, row, header.substr(0, 6));
        put_hex(batch, hw_saddr, row, header.substr(6, 6));
        if (!number_at(protocols, row)) {
          put(batch, hw_protocol, row, Cell::of_unsigned(big<uint16_t>(header.data() + 12)));
        }
      } else if (!sender.empty()) {
        put_hex(batch, hw_saddr, row, sender);
      }
      if (!header.empty()) {
        put_hex(batch, hw_str, row, header);
      }
    }
  }

 private:
  static void put(Batch& batch, HwOut out, Row row, const Cell& cell) ROOM(worker) {
    if (Column* column = batch.write(batch.out(out))) {
      column->set(row, cell);
    }
  }
  static void put_hex(Batch& batch, HwOut out, Row row, std::string_view bytes) ROOM(worker) {
    constexpr char digits[] = "0123456789abcdef";
    Column* column = batch.write(batch.out(out));
    if (column == nullptr) {
      return;
    }
    bytes = bytes.substr(0, most_bytes);
    char* begin = batch.arena().take(bytes.size() * 3);
    char* to = begin;
    for (char byte : bytes) {
      *to++ = digits[static_cast<unsigned char>(byte) >> 4];
      *to++ = digits[byte & 15];
      *to++ = ':';
    }
    column->set(row, Cell::of_text({begin, bytes.size() * 3 - 1}));
  }
};

void declare_hwhdr(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"raw.mac", Type::Bytes, true},
                  {"raw.mac.saddr", Type::Bytes, true},
                  {"raw.type", Type::Unsigned, true},
                  {"oob.protocol", Type::Unsigned, true}};
  wiring.writes = {{"raw.type", Type::Unsigned, {}, "65535 where the source does not say it"},
                   {"oob.protocol", Type::Unsigned, {}, "EtherType, out of an Ethernet header"},
                   {"mac.saddr.str", Type::Text, {}, "the sender's address"},
                   {"mac.daddr.str", Type::Text, {}, "the receiver's address"},
                   {"mac.str", Type::Text, {}, "the whole header"}};
}
}  // namespace

extern const Plugin filter_hwhdr;
const Plugin filter_hwhdr = {
    .kind = Kind::Filter,
    .name = "hwhdr",
    .doc = "writes link-layer headers and addresses as text",
    .options = {},
    .declare = declare_hwhdr,
    .filter = make_filter<HwHdr, NoConfig>,
};

}  // namespace stook
