// SPDX-License-Identifier: Apache-2.0
#include "filters/packet/packet_text.hh"

#include <algorithm>

#include "filters/packet/cells.hh"
#include "filters/packet/line.hh"

namespace stook {

namespace {
constexpr uint64_t ether_ipv4 = 0x0800;
constexpr uint64_t ether_arp = 0x0806;
constexpr uint64_t ether_ipv6 = 0x86dd;
constexpr size_t most_text = 255;  // of a prefix or a name
constexpr size_t most_mac = 64;    // bytes of a header
constexpr size_t most_line = 3 * most_text + 3 * most_mac + 1024;

/// One packet on its way into a line. What is on the way of most packets works on a copy of the line: it stays in registers,
/// where each byte written could be one of the member's.
class PacketLine {
 public:
  PacketLine(Arena& arena, const Column* const* columns, Row row, bool is_compatible)
      : columns_(columns), row_(row), line_(arena, most_line), is_compatible_(is_compatible) {}

  std::string_view print() {
    head();
    network();
    TextLine line = line_;
    if (NumberAt uid = number(print_uid)) {
      line.field("UID=", uid.value);
    }
    if (NumberAt gid = number(print_gid)) {
      line.field("GID=", gid.value);
    }
    if (NumberAt mark = number(print_mark)) {
      line.text("MARK=0x").number(mark.value, 16).text(" ");
    }
    return line.finish();
  }

 private:
  NumberAt number(PrintKey key) const { return number_at(columns_[key], row_); }
  uint64_t value(PrintKey key) const { return number(key).value; }
  std::string_view text(PrintKey key) const {
    std::string_view text = bytes_at(columns_[key], row_);
    return text.data() == nullptr ? text : text.substr(0, most_text);
  }

  void head() {
    TextLine line = line_;
    if (std::string_view prefix = text(print_prefix); prefix.data() != nullptr) {
      line.text(prefix).text(" ");
    }
    std::string_view in = text(print_in);
    std::string_view out = text(print_out);
    if (in.data() != nullptr || out.data() != nullptr) {
      line.text("IN=").text(in).text(" OUT=").text(out).text(" ");
    }
    line.text("MAC=").mac(bytes_at(columns_[print_mac], row_).substr(0, most_mac)).text(" ");
    line_ = line;
  }

  void network() {
    switch (value(print_family)) {
      case 2:
        return ipv4();
      case 3:
        return arp();
      case 10:
        return ipv6();
      default:
        break;
    }
    NumberAt protocol = number(print_protocol);
    switch (protocol.value) {
      case ether_ipv4:
        return ipv4();
      case ether_ipv6:
        return ipv6();
      case ether_arp:
        return arp();
      default:
        if (protocol) {
          line_.field("PROTO=", protocol.value);
        }
    }
  }

  template <size_t size>
  void address(const char (&name)[size], PrintKey key) {
    if (std::string_view address = text(key); address.data() != nullptr) {
      TextLine line = line_;
      line.text(name).text(address).text(" ");
      line_ = line;
    }
  }

  void arp() {
    address("SRC=", print_arp_saddr);
    address("DST=", print_arp_daddr);
    line_.text("PROTO=ARP ");
    NumberAt operation = number(print_operation);
    if (!operation) {
      return;
    }
    constexpr uint64_t request = 1;
    constexpr uint64_t reply = 2;
    constexpr uint64_t nak = 10;
    switch (operation.value) {
      case request:
        line_.text("REQUEST ");
        break;
      case reply:
        line_.text("REPLY ");
        break;
      case nak:
        line_.text("NAK ");
        break;
      default:
        line_.field("CODE=", operation.value);
    }
    if (operation.value == reply) {
      line_.text("REPLY_MAC=").mac(bytes_at(columns_[print_arp_hardware], row_).substr(0, most_mac)).text(" ");
    }
  }

  void ipv4() {
    address("SRC=", print_saddr);
    address("DST=", print_daddr);
    TextLine line = line_;
    NumberAt protocol = number(print_ip_protocol);
    uint64_t tos = value(print_tos);
    uint64_t fragment = value(print_fragoff);
    constexpr const char* upper = "0123456789ABCDEF";
    line.field("LEN=", value(print_totlen)).text("TOS=").hex(tos & 0x1e, 2, upper).text(" PREC=0x");
    line.hex(tos & 0xe0, 2, upper).field(" TTL=", value(print_ttl)).field("ID=", value(print_id));
    line.text((fragment & 0x8000) != 0 ? "CE " : "").text((fragment & 0x4000) != 0 ? "DF " : "");
    line.text((fragment & 0x2000) != 0 ? "MF " : "");
    if ((fragment & 0x1fff) != 0) {
      line.field("FRAG:", fragment & 0x1fff);
    }
    line_ = line;
    if (protocol) {
      transport(protocol.value);
    }
  }

  void ipv6() {
    is_six_ = true;
    address("SRC=", print_saddr);
    address("DST=", print_daddr);
    line_.field("LEN=", value(print_payloadlen) + 40).field("TC=", value(print_priority));
    line_.field("HOPLIMIT=", value(print_hoplimit)).field("FLOWLBL=", value(print_flowlabel));
    NumberAt offset = number(print_fragoff6);
    if (NumberAt id = number(print_fragid6); id && offset) {
      line_.field("FRAG: ", offset.value).text("ID: ").hex(id.value, 8).text(" ");
    }
    if (NumberAt next = number(print_nexthdr)) {
      transport(next.value);
    }
  }

  void transport(uint64_t protocol) {
    switch (protocol) {
      case 6:
        return tcp();
      case 17:
        return udp("PROTO=UDP ");
      case 136:
        return is_compatible_ ? (void)line_.field("PROTO=", protocol) : udp("PROTO=UDPLITE ");
      case 1:
        return icmp();
      case 58:
        return icmpv6();
      case 132:
        return sctp();
      case 50:
        return sealed(is_compatible_ && is_six_ ? "PROTO=AH " : "PROTO=ESP ");
      case 51:
        return sealed("PROTO=AH ");
      default:
        line_.field("PROTO=", protocol);
    }
  }

  /// False, and said so, when the header is not there.
  bool begin(std::string_view name, PrintKey first, bool is_known = true) {
    bool is_there = is_known && number(first);
    line_.text(name).text(is_there ? "" : is_compatible_ ? "INCOMPLETE" : "INCOMPLETE ");
    return is_there;
  }

  void tcp() {
    if (!begin("PROTO=TCP ", print_tcp_sport)) {
      return;
    }
    TextLine line = line_;
    line.field("SPT=", value(print_tcp_sport)).field("DPT=", value(print_tcp_dport));
    line.field("SEQ=", value(print_seq)).field("ACK=", value(print_ackseq)).field("WINDOW=", value(print_window));
    constexpr std::pair<PrintKey, std::string_view> flags[] = {{print_urg, "URG "}, {print_ack, "ACK "},
                                                               {print_psh, "PSH "}, {print_rst, "RST "},
                                                               {print_syn, "SYN "}, {print_fin, "FIN "}};
    for (const auto& [key, name] : flags) {
      line.text(truth_at(columns_[key], row_) ? name : std::string_view());
    }
    line.field("URGP=", value(print_urgp));
    line_ = line;
  }

  void udp(std::string_view name) {
    if (begin(name, print_udp_sport)) {
      TextLine line = line_;
      line.field("SPT=", value(print_udp_sport)).field("DPT=", value(print_udp_dport));
      line.field("LEN=", value(print_udp_len));
      line_ = line;
    }
  }

  void icmp() {
    if (!begin("PROTO=ICMP ", print_icmp_type)) {
      return;
    }
    line_.field("TYPE=", value(print_icmp_type)).field("CODE=", value(print_icmp_code));
    if (is_compatible_) {
      return icmp_by_code();
    }
    if (NumberAt id = number(print_echoid)) {
      line_.field("ID=", id.value).field("SEQ=", value(print_echoseq));
    }
    if (NumberAt parameter = number(print_parameter)) {
      line_.field("PARAMETER=", parameter.value);
    }
    if (std::string_view gateway = address_at(columns_[print_gateway], row_); gateway.data() != nullptr) {
      line_.text("GATEWAY=").address(gateway).text(" ");
    }
    if (NumberAt mtu = number(print_fragmtu)) {
      line_.field("MTU=", mtu.value);
    }
  }

  /// As ulogd chooses: code 8 as if it were an echo, 5 a redirect and 12 a parameter problem, whatever the type is.
  void icmp_by_code() {
    std::string_view gateway = address_at(columns_[print_gateway], row_);
    auto byte = [&](size_t i) { return i < gateway.size() ? uint64_t{static_cast<unsigned char>(gateway[i])} : 0; };
    switch (value(print_icmp_code)) {
      case 0:
      case 8:
        line_.field("ID=", value(print_echoid)).field("SEQ=", value(print_echoseq));
        return;
      case 5:
        line_.text("GATEWAY=").number(byte(3)).text(".").number(byte(2)).text(".").number(byte(1)).text(".");
        line_.number(byte(0)).text(" ");
        return;
      case 12:
        line_.field("PARAMETER=", number(print_parameter) ? value(print_parameter) : byte(0));
        return;
      default:
        return;
    }
  }

  void icmpv6() {
    if (!begin("PROTO=ICMPv6 ", print_type6)) {
      return;
    }
    line_.field("TYPE=", value(print_type6)).field("CODE=", value(print_code6));
    if (NumberAt id = number(print_echoid6)) {
      line_.field("ID=", id.value).field("SEQ=", value(print_echoseq6));
    }
  }

  void sctp() {
    if (begin("PROTO=SCTP ", print_sctp_sport, !is_compatible_ || !is_six_)) {
      line_.field("SPT=", value(print_sctp_sport)).field("DPT=", value(print_sctp_dport));
    }
  }

  void sealed(std::string_view name) {
    if (begin(name, print_spi, !is_compatible_)) {
      line_.text("SPI=0x").number(value(print_spi), 16).text(" ");
    }
  }

  const Column* const* columns_;
  Row row_;
  TextLine line_;
  const bool is_compatible_;
  bool is_six_ = false;
};
}  // namespace

std::string_view print_packet(Arena& arena, const Column* const* columns, Row row, bool is_compatible) {
  return PacketLine(arena, columns, row, is_compatible).print();
}

}  // namespace stook
