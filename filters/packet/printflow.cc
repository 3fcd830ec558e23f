// SPDX-License-Identifier: Apache-2.0
/// printflow: writes a flow as one line, as ulogd's PRINTFLOW.
///
/// The line ends with a blank and without a newline. ulogd exchanges type and code of ICMP, and writes SCTP, UDP-Lite and
/// ICMPv6 as numbers without their ports or types; `compat = ulogd` does so too.
///
///     stack=ct:NFCT,ip:IP2STR,text:PRINTFLOW,out:LOGEMU
///
/// `print="[NEW] ORIG: SRC=192.0.2.1 DST=198.51.100.7 PROTO=TCP SPT=40000 DPT=443 PKTS=0 BYTES=0 , REPLY: SRC=198.51.100.7 …"`
#include "core/api/plugin.hh"
#include "filters/packet/cells.hh"
#include "filters/packet/line.hh"

namespace stook {

enum class FlowCompat : uint8_t { None, Ulogd };
template <>
inline constexpr std::string_view choice_names<FlowCompat>[] = {"none", "ulogd"};

namespace {
struct PrintFlowConfig {
  FlowCompat compat = FlowCompat::None;
};

constexpr Option printflow_options[] = {
    option<&PrintFlowConfig::compat>("compat", "none", "whose text is written where ulogd's is wrong"),
};

/// One direction of a flow: its keys, counted from the first of them.
enum FlowKey : size_t {
  flow_saddr,
  flow_daddr,
  flow_protocol,
  flow_sport,
  flow_dport,
  flow_bytes,
  flow_packets,
  flow_keys
};
constexpr const char* flow_names[flow_keys] = {".ip.saddr.str", ".ip.daddr.str", ".ip.protocol", ".l4.sport",
                                               ".l4.dport",     ".raw.pktlen",   ".raw.pktcount"};
enum FlowIn : size_t {
  orig_begin = 0,
  reply_begin = flow_keys,
  icmp_type_in = 2 * flow_keys,
  icmp_code_in,
  event_in,
  flow_ins
};

constexpr size_t most_flow_line = 1024;
constexpr size_t most_flow_address = 64;

/// *Rooms:* a replica per worker.
class PrintFlow final : public Filter {
 public:
  explicit PrintFlow(const PrintFlowConfig& config) : is_compatible_(config.compat == FlowCompat::Ulogd) {}

  void run(Batch& batch) override ROOM(worker) {
    Column* lines = batch.write(batch.out(0));
    if (lines == nullptr) {
      return;
    }
    for (size_t key = 0; key < flow_ins; key++) {
      columns_[key] = batch.read(batch.in(key));
    }
    for (Row row : batch.rows()) {
      TextLine line(batch.arena(), most_flow_line);
      line.text(event_name(number_at(columns_[event_in], row).value));
      direction(line.text("ORIG: "), row, orig_begin);
      direction(line.text(", REPLY: "), row, reply_begin);
      lines->set(row, Cell::of_text(line.finish()));
    }
  }

 private:
  static std::string_view event_name(uint64_t event) {
    switch (event) {
      case 1:
        return "[NEW] ";
      case 2:
        return "[UPDATE] ";
      case 4:
        return "[DESTROY] ";
      default:
        return "";
    }
  }

  void direction(TextLine& line, Row row, size_t first) const ROOM(worker) {
    auto address = [&](const char* name, FlowKey key) ROOM(worker) {
      if (std::string_view text = bytes_at(columns_[first + key], row); text.data() != nullptr) {
        line.field(name, text.substr(0, most_flow_address));
      }
    };
    address("SRC=", flow_saddr);
    address("DST=", flow_daddr);
    NumberAt protocol = number_at(columns_[first + flow_protocol], row);
    if (!protocol) {
      return;
    }
    put_protocol(line, row, first, protocol.value);
    line.field("PKTS=", number_at(columns_[first + flow_packets], row).value);
    line.field("BYTES=", number_at(columns_[first + flow_bytes], row).value);
  }

  void put_protocol(TextLine& line, Row row, size_t first, uint64_t protocol) const ROOM(worker) {
    auto field = [&](const char* name, size_t key) ROOM(worker) {
      if (NumberAt number = number_at(columns_[key], row)) {
        line.field(name, number.value);
      }
    };
    struct Known {
      uint64_t number;
      const char* name;
      bool has_ports;
      bool has_type;
      bool is_ours;  // ulogd writes it as a number
    };
    constexpr Known known[] = {{6, "TCP", true, false, false},      {17, "UDP", true, false, false},
                               {1, "ICMP", false, true, false},     {50, "ESP", false, false, false},
                               {51, "AH", false, false, false},     {132, "SCTP", true, false, true},
                               {136, "UDPLITE", true, false, true}, {58, "ICMPv6", false, true, true}};
    for (const Known& one : known) {
      if (one.number != protocol || (one.is_ours && is_compatible_)) {
        continue;
      }
      line.field("PROTO=", one.name);
      if (one.has_ports) {
        field("SPT=", first + flow_sport);
        field("DPT=", first + flow_dport);
      }
      if (one.has_type) {
        field("TYPE=", is_compatible_ ? icmp_code_in : icmp_type_in);
        field("CODE=", is_compatible_ ? icmp_type_in : icmp_code_in);
      }
      return;
    }
    line.field("PROTO=", protocol);
  }

  bool is_compatible_;
  const Column* columns_[flow_ins] OWNED(worker) = {};
};

void declare_printflow(void*, std::string_view, Wiring& wiring) {
  for (const char* side : {"orig", "reply"}) {
    for (size_t key = 0; key < flow_keys; key++) {
      bool is_text = key == flow_saddr || key == flow_daddr;
      wiring.reads.push_back({std::string(side) + flow_names[key], is_text ? Type::Text : Type::Unsigned, true});
    }
  }
  for (const char* name : {"icmp.type", "icmp.code", "ct.event"}) {
    wiring.reads.push_back({name, Type::Unsigned, true});
  }
  wiring.writes.push_back({"print", Type::Text, {}, "the flow in one line"});
}
}  // namespace

extern const Plugin filter_printflow;
const Plugin filter_printflow = {
    .kind = Kind::Filter,
    .name = "printflow",
    .doc = "writes a flow as one line, as ulogd does",
    .options = printflow_options,
    .config = config_type<PrintFlowConfig>,
    .declare = declare_printflow,
    .filter = make_filter<PrintFlow, PrintFlowConfig>,
};

}  // namespace stook
