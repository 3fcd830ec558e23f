// SPDX-License-Identifier: Apache-2.0
/// xml: a logged packet a row, as an element `log` with the members that libnetfilter_log writes; a connection, as `flow`, with
/// those of libnetfilter_conntrack; a counter, as `obj`.
///
/// Text is escaped, whatever the rule's prefix holds: what is no UTF-8, and what XML cannot hold at all, is U+FFFD. `compat =
/// ulogd` writes it as it is. `when` is when it
/// is written, in the system's zone.
///
///     <log><when><hour>1</hour>…</when><prefix>in: </prefix><hook>1</hook><hw><proto>0800</proto><src>02000000000a</src></hw>
///     <indev>2</indev><payload>4500002193b2…</payload></log>                                    (one line)
#include <array>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/pattern.hh"
#include "sinks/codecs/local_second.hh"
#include "sinks/codecs/ulogd_value.hh"
#include "sinks/codecs/xml_text.hh"

namespace stook {

namespace {
/// Where the keys of a direction begin, the keys behind in this order.
enum Side : size_t {
  source_of,
  destination_of,
  protocol_of,
  source_port_of,
  destination_port_of,
  packets_of,
  bytes_of,
  sides
};
enum In : size_t {
  prefix,
  hook,
  protocol,
  source,
  mark,
  in_device,
  out_device,
  packet,
  orig,
  reply = orig + sides,
  flow_mark = reply + sides,
  flow_id,
  flow_event,
  sum_name,
  sum_packets,
  sum_bytes,
  sum_time,
  ins
};
constexpr uint64_t event_end = 4;

struct XmlTextConfig {
  Compat compat = Compat::None;
};

constexpr std::array options = {
    option<&XmlTextConfig::compat>("compat", "none", "ulogd: text as it is, be the file no XML then"),
};

std::string_view protocol_name(uint64_t number) {
  struct Name {
    uint64_t number;
    std::string_view name;
  };
  constexpr Name names[] = {{1, "icmp"}, {6, "tcp"},     {17, "udp"},   {33, "dccp"},
                            {47, "gre"}, {58, "icmpv6"}, {132, "sctp"}, {136, "udplite"}};
  for (const Name& one : names) {
    if (one.number == number) {
      return one.name;
    }
  }
  return "unknown";
}

/// *Rooms:* one replica, its worker.
class Xml final : public Codec {
 public:
  explicit Xml(const XmlTextConfig& config) : compat_(config.compat) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    for (size_t i = 0; i < ins; i++) {
      columns_[i] = batch.read(batch.in(i));
    }
    when_.reset();
    put_when(local_.at(wall_ns() / 1'000'000'000));
    for (Row row : batch.rows()) {
      if (find(In(size_t{orig} + source_of), row) != nullptr) {
        put_flow(row, payload);
      } else if (find(sum_name, row) != nullptr) {
        put_sum(row, payload);
      } else {
        payload.append("<log><when>");
        payload.append(when_.bytes());
        payload.append("</when>");
        put_packet(row, payload);
        payload.append("</log>\n");
      }
      payload.end_row();
    }
  }

 private:
  const Cell* find(In what, Row row) const { return columns_[what] == nullptr ? nullptr : columns_[what]->find(row); }

  void put_text(Payload& out, std::string_view text) const {
    if (compat_ == Compat::Ulogd) {
      out.append(text);
    } else {
      put_xml_text(out, text);
    }
  }

  void put_when(const tm& now) {
    put_element(when_, "hour", static_cast<uint64_t>(now.tm_hour));
    put_element(when_, "min", static_cast<uint64_t>(now.tm_min), 2);
    put_element(when_, "sec", static_cast<uint64_t>(now.tm_sec), 2);
    put_element(when_, "wday", static_cast<uint64_t>(now.tm_wday + 1));
    put_element(when_, "day", static_cast<uint64_t>(now.tm_mday));
    put_element(when_, "month", static_cast<uint64_t>(now.tm_mon + 1));
    put_element(when_, "year", static_cast<uint64_t>(now.tm_year + 1900));
  }

  void put_packet(Row row, Payload& out) const {
    if (const Cell* text = find(prefix, row)) {
      out.append("<prefix>");
      put_text(out, text->bytes());
      out.append("</prefix>");
    }
    if (const Cell* number = find(hook, row)) {
      put_element(out, "hook", number->bits);
    }
    if (const Cell* number = find(protocol, row)) {
      char bytes[2] = {static_cast<char>(number->bits >> 8), static_cast<char>(number->bits)};
      out.append("<hw><proto>");
      put_hex(out, {bytes, sizeof bytes});
      out.append("</proto>");
      if (const Cell* sender = find(source, row)) {
        out.append("<src>");
        put_hex(out, sender->bytes());
        out.append("</src>");
      }
      out.append("</hw>");
    }
    for (auto [what, name] :
         {std::pair{mark, "mark"}, std::pair{in_device, "indev"}, std::pair{out_device, "outdev"}}) {
      const Cell* number = find(what, row);
      if (number != nullptr && number->bits != 0) {
        put_element(out, name, number->bits);
      }
    }
    if (const Cell* bytes = find(packet, row)) {
      out.append("<payload>");
      put_hex(out, bytes->bytes());
      out.append("</payload>");
    }
  }

  uint64_t number(size_t what, Row row) const {
    const Cell* cell = find(In(what), row);
    return cell == nullptr ? 0 : cell->bits;
  }

  void put_address(Payload& out, const char* name, size_t what, Row row) const {
    if (const Cell* cell = find(In(what), row)) {
      std::string tag(name);
      out.append("<" + tag + ">");
      append_text(out, *cell);
      out.append("</" + tag + ">");
    }
  }

  void put_side(Payload& out, std::string_view direction, size_t first, Row row, bool has_counters) const {
    const Cell* address = find(In(first + source_of), row);
    bool is_six = address != nullptr && address->size == 16;
    uint64_t layer = number(first + protocol_of, row);
    out.append("<meta direction=\"");
    out.append(direction);
    out.append(is_six ? "\"><layer3 protonum=\"10\" protoname=\"ipv6\">"
                      : "\"><layer3 protonum=\"2\" protoname=\"ipv4\">");
    put_address(out, "src", first + source_of, row);
    put_address(out, "dst", first + destination_of, row);
    out.append("</layer3><layer4 protonum=\"");
    append_text(out, Cell::of_unsigned(layer));
    out.append("\" protoname=\"");
    out.append(protocol_name(layer));
    out.append("\">");
    if (find(In(first + source_port_of), row) != nullptr) {
      put_element(out, "sport", number(first + source_port_of, row));
      put_element(out, "dport", number(first + destination_port_of, row));
    }
    out.append("</layer4>");
    if (has_counters) {
      out.append("<counters>");
      put_element(out, "packets", number(first + packets_of, row));
      put_element(out, "bytes", number(first + bytes_of, row));
      out.append("</counters>");
    }
    out.append("</meta>");
  }

  void put_flow(Row row, Payload& out) const {
    bool has_counters = number(flow_event, row) == event_end || number(size_t{orig} + packets_of, row) != 0;
    out.append("<flow>");
    put_side(out, "original", orig, row, has_counters);
    put_side(out, "reply", reply, row, has_counters);
    out.append("<meta direction=\"independent\">");
    if (number(flow_mark, row) != 0) {
      put_element(out, "mark", number(flow_mark, row));
    }
    put_element(out, "id", number(flow_id, row));
    out.append("</meta><when>");
    out.append(when_.bytes());
    out.append("</when></flow>\n");
  }

  void put_sum(Row row, Payload& out) const {
    constexpr size_t digits = 20;
    out.append("<obj><name>");
    put_text(out, find(sum_name, row)->bytes());
    out.append("</name>");
    put_element(out, "pkts", number(sum_packets, row), digits);
    put_element(out, "bytes", number(sum_bytes, row), digits);
    if (find(sum_time, row) != nullptr) {
      out.append(when_.bytes());
    }
    out.append("</obj>\n");
  }

  const Compat compat_;
  LocalSecond local_;
  Payload when_;
  const Column* columns_[ins] = {};  // taken anew for each batch
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"oob.prefix", Type::Text, true},          {"oob.hook", Type::Unsigned, true},
                  {"oob.protocol", Type::Unsigned, true},    {"raw.mac.saddr", Type::Bytes, true},
                  {"oob.mark", Type::Unsigned, true},        {"oob.ifindex_in", Type::Unsigned, true},
                  {"oob.ifindex_out", Type::Unsigned, true}, {"raw.pkt", Type::Bytes, true}};
  for (std::string side : {"orig", "reply"}) {
    for (const char* address : {".ip.saddr", ".ip.daddr"}) {
      wiring.reads.push_back({side + address, Type::Address, true});
    }
    for (const char* number : {".ip.protocol", ".l4.sport", ".l4.dport", ".raw.pktcount", ".raw.pktlen"}) {
      wiring.reads.push_back({side + number, Type::Unsigned, true});
    }
  }
  for (const char* number : {"ct.mark", "ct.id", "ct.event"}) {
    wiring.reads.push_back({number, Type::Unsigned, true});
  }
  wiring.reads.push_back({"sum.name", Type::Text, true});
  for (const char* number : {"sum.pkts", "sum.bytes", "oob.time.sec"}) {
    wiring.reads.push_back({number, Type::Unsigned, true});
  }
}
}  // namespace

extern const Plugin codec_xml;
const Plugin codec_xml = {
    .kind = Kind::Codec,
    .name = "xml",
    .doc = "packets, connections and counters as elements of XML",
    .options = options,
    .config = config_type<XmlTextConfig>,
    .declare = declare,
    .codec = make_codec<Xml, XmlTextConfig>,
};

}  // namespace stook
