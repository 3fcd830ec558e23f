// SPDX-License-Identifier: Apache-2.0
/// nacct: a flow a line, as nacctd writes it: when it ended, protocol, source, its port, destination, its port, packets,
/// bytes, with tabs between.
///
/// As with ulogd packets and bytes are those of the answers, and for ICMP type and code stand in place of ports. What a flow
/// lacks is 0.
///
///     1795312662  17  192.0.2.1  33871  192.0.2.7  53  1  94
#include <charconv>

#include "core/api/plugin.hh"
#include "core/data/json_text.hh"

namespace stook {

namespace {
constexpr uint64_t icmp_protocol = 1;

enum In : size_t {
  end_sec,
  protocol,
  source,
  source_port,
  destination,
  destination_port,
  packets,
  bytes,
  type,
  code,
  ins
};

/// *Rooms:* one replica, its worker.
class Nacct final : public Codec {
 public:
  explicit Nacct(const NoConfig&) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    for (size_t i = 0; i < ins; i++) {
      columns_[i] = batch.read(batch.in(i));
    }
    for (Row row : batch.rows()) {
      bool is_icmp = number(protocol, row) == icmp_protocol;
      put(payload, number(end_sec, row));
      put(payload, number(protocol, row));
      put_text(payload, source, row);
      put(payload, number(is_icmp ? type : source_port, row));
      put_text(payload, destination, row);
      put(payload, number(is_icmp ? code : destination_port, row));
      put(payload, number(packets, row));
      put(payload, number(bytes, row), '\n');
      payload.end_row();
    }
  }

 private:
  const Cell* find(In what, Row row) const { return columns_[what] == nullptr ? nullptr : columns_[what]->find(row); }
  uint64_t number(In what, Row row) const {
    const Cell* cell = find(what, row);
    return cell == nullptr ? 0 : cell->bits;
  }
  static void put(Payload& payload, uint64_t number, char behind = '\t') {
    constexpr size_t digits = 24;
    char* to = payload.room(digits);
    to = std::to_chars(to, to + digits - 1, number).ptr;
    *to++ = behind;
    payload.commit(to);
  }
  void put_text(Payload& payload, In what, Row row) const {
    if (const Cell* cell = find(what, row)) {
      append_escaped(payload, cell->bytes());
    }
    payload.append('\t');
  }

  const Column* columns_[ins] = {};  // taken anew for each batch
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"flow.end.sec", Type::Unsigned, true},       {"orig.ip.protocol", Type::Unsigned, false},
                  {"orig.ip.saddr.str", Type::Text, false},     {"orig.l4.sport", Type::Unsigned, true},
                  {"orig.ip.daddr.str", Type::Text, false},     {"orig.l4.dport", Type::Unsigned, true},
                  {"reply.raw.pktcount", Type::Unsigned, true}, {"reply.raw.pktlen", Type::Unsigned, true},
                  {"icmp.type", Type::Unsigned, true},          {"icmp.code", Type::Unsigned, true}};
}
}  // namespace

extern const Plugin codec_nacct;
const Plugin codec_nacct = {
    .kind = Kind::Codec,
    .name = "nacct",
    .doc = "a flow a line, as nacctd writes it",
    .declare = declare,
    .codec = make_codec<Nacct, NoConfig>,
};

}  // namespace stook
