// SPDX-License-Identifier: Apache-2.0
/// base: takes packets apart, from the network layer upwards.
///
/// Reads a packet under `raw.pkt`, as `pcap` and `nflog` write it, and makes the keys of ulogd's BASE: ARP, IPv4, IPv6 with
/// its extension headers, TCP, UDP and UDP-Lite, ICMP, ICMPv6, SCTP, AH and ESP. Beyond ulogd's it knows VLAN tags, TCP
/// options, GRE, and what is within a tunnel, as `inner.ip.saddr` and so on; these keys are made for elements that name them.
/// Only keys that somebody reads are made, and layers without one are not looked at: `stook plan` shows which.
///
/// A header is taken as a whole or not at all. A packet that ends too early, or contradicts itself, keeps the keys of the
/// layers before, gets a parse_error and fails, as the text of a parser does; a later fragment and a packet without a
/// payload are no failures.
///
///     stack=in:PCAP,base:BASE,out:STDOUT
///
/// A packet becomes `ip.saddr=192.0.2.1 ip.daddr=198.51.100.7 ip.protocol=6 … tcp.sport=40000 tcp.dport=443 tcp.syn=true …`.
#include <string>

#include "core/api/plugin.hh"
#include "filters/packet/walker.hh"

namespace stook {

namespace {
enum In : size_t { in_packet, in_family, in_protocol };
constexpr size_t out_error = 0;
constexpr size_t out_keys = 1;  // behind it, by PacketKey

constexpr uint32_t ether_ipv4 = 0x0800;
constexpr uint32_t ether_arp = 0x0806;
constexpr uint32_t ether_ipv6 = 0x86dd;

uint32_t number_of(const Column* column, Row row) {
  const Cell* cell = column == nullptr ? nullptr : column->find(row);
  bool is_number = cell != nullptr && (cell->type == Type::Unsigned || cell->type == Type::Integer);
  return is_number ? static_cast<uint32_t>(cell->bits) : 0;
}

/// The EtherType of a packet, by netfilter's family, else as it is said, else by the packet's version.
uint32_t ethertype_of(uint32_t family, uint32_t protocol, std::string_view packet) {
  switch (family) {
    case 2:
      return ether_ipv4;
    case 3:
      return ether_arp;
    case 10:
      return ether_ipv6;
    default:
      break;
  }
  if (protocol != 0) {
    return protocol;
  }
  int version = static_cast<unsigned char>(packet[0]) >> 4;
  return version == 4 ? ether_ipv4 : version == 6 ? ether_ipv6 : 0;
}

/// *Rooms:* a replica per worker.
class Base final : public Filter {
 public:
  explicit Base(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    walker_.begin(batch, out_keys);
    bool wants_protocol = batch.out(out_keys + oob_protocol) != no_key;
    const Column* packets = batch.read(batch.in(in_packet));
    if ((!walker_.is_wanted() && !wants_protocol) || packets == nullptr) {
      return;
    }
    const Column* families = batch.read(batch.in(in_family));
    const Column* protocols = batch.read(batch.in(in_protocol));
    Column* errors = nullptr;
    for (Row row : batch.rows()) {
      const Cell* cell = packets->find(row);
      if (cell == nullptr || cell->size == 0 || (cell->type != Type::Bytes && cell->type != Type::Text)) {
        continue;
      }
      uint32_t said = number_of(protocols, row);
      uint32_t protocol = ethertype_of(number_of(families, row), said, cell->bytes());
      if (wants_protocol && said == 0 && protocol != 0) {
        batch.write(batch.out(out_keys + oob_protocol))->set(row, Cell::of_unsigned(protocol));
      }
      const char* reason = walker_.is_wanted() ? walker_.walk(row, cell->bytes(), protocol) : nullptr;
      if (reason != nullptr) {
        errors = errors == nullptr ? batch.write(batch.out(out_error)) : errors;
        if (errors != nullptr) {
          errors->set(row, Cell::of_text(reason));
        }
        batch.fault(row);
      }
    }
  }

 private:
  PacketWalker walker_;
};

void declare_base(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {
      {"raw.pkt", Type::Bytes}, {"oob.family", Type::Unsigned, true}, {"oob.protocol", Type::Unsigned, true}};
  wiring.writes.push_back({"parse_error", Type::Text, {}, "why the packet is not taken apart to its end"});
  for (const PacketKeyRow& key : packet_key_rows) {
    wiring.writes.push_back({key.name, key.type, {}, key.doc, key.is_meta});
  }
  for (size_t key = inner_begin; key < inner_end; key++) {
    wiring.writes.push_back({std::string("inner.") + packet_key_rows[key].name,
                             packet_key_rows[key].type,
                             {},
                             "the same of a packet within a tunnel",
                             true});
  }
}
}  // namespace

extern const Plugin filter_base;
const Plugin filter_base = {
    .kind = Kind::Filter,
    .name = "base",
    .doc = "takes packets apart: IPv4, IPv6, ARP, TCP, UDP, ICMP, SCTP, AH, ESP and tunnels",
    .options = {},
    .declare = declare_base,
    .filter = make_filter<Base, NoConfig>,
};

}  // namespace stook
