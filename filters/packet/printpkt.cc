// SPDX-License-Identifier: Apache-2.0
/// printpkt: writes a packet as one line, as iptables' LOG and ulogd's PRINTPKT do.
///
/// Reads what `nflog` or `pcap`, `base`, `ifindex` and `ip2str` write; what is not there is left out, as it is by ulogd. The
/// line ends with a blank and without a newline. `compat = ulogd` writes details of ICMP by its code, `INCOMPLETE` without a blank
/// behind it, no SPI, and UDP-Lite as a number.
///
///     stack=in:NFLOG,base:BASE,dev:IFINDEX,ip:IP2STR,text:PRINTPKT,out:LOGEMU
///
/// A packet becomes `print="DROP:  IN=eth0 OUT= MAC=… SRC=192.0.2.1 DST=198.51.100.7 LEN=60 TOS=00 PREC=0x00 TTL=64 ID=1 DF
/// PROTO=TCP SPT=40000 DPT=443 SEQ=1000 ACK=0 WINDOW=64240 SYN URGP=0 MARK=0x0 "`.
#include "core/api/plugin.hh"
#include "filters/packet/packet_text.hh"

namespace stook {

enum class PacketCompat : uint8_t { None, Ulogd };
template <>
inline constexpr std::string_view choice_names<PacketCompat>[] = {"none", "ulogd"};

namespace {
struct PrintPktConfig {
  PacketCompat compat = PacketCompat::None;
};

constexpr Option options[] = {
    option<&PrintPktConfig::compat>("compat", "none", "whose text is written where ulogd's is wrong"),
};

/// *Rooms:* a replica per worker.
class PrintPkt final : public Filter {
 public:
  explicit PrintPkt(const PrintPktConfig& config) : is_compatible_(config.compat == PacketCompat::Ulogd) {}

  void run(Batch& batch) override ROOM(worker) {
    Column* lines = batch.write(batch.out(0));
    if (lines == nullptr) {
      return;
    }
    const Column* columns[print_keys];
    for (size_t key = 0; key < print_keys; key++) {
      columns[key] = batch.read(batch.in(key));
    }
    for (Row row : batch.rows()) {
      lines->set(row, Cell::of_text(print_packet(batch.arena(), columns, row, is_compatible_)));
    }
  }

 private:
  const bool is_compatible_;
};

void declare_printpkt(void*, std::string_view, Wiring& wiring) {
  for (const PrintKeyRow& key : print_key_rows) {
    wiring.reads.push_back({key.name, key.type, true});
  }
  wiring.writes.push_back({"print", Type::Text, {}, "the packet in one line"});
}
}  // namespace

extern const Plugin filter_printpkt;
const Plugin filter_printpkt = {
    .kind = Kind::Filter,
    .name = "printpkt",
    .doc = "writes a packet as one line, as iptables' LOG does",
    .options = options,
    .config = config_type<PrintPktConfig>,
    .declare = declare_printpkt,
    .filter = make_filter<PrintPkt, PrintPktConfig>,
};

}  // namespace stook
