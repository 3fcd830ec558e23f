// SPDX-License-Identifier: Apache-2.0
/// ipfix: rows as flow records of IPFIX (RFC 7011), to a collector.
///
/// A template is made for each set of keys that rows have. By UDP templates are sent again every `nth_template` messages and
/// every `template_every`; by TCP and TLS once a connection. Each message counts the records sent before it. Keys are those
/// that parse_netflow writes.
///
///     [out]
///     dest = udp://192.0.2.7:4739
///     mtu = 1400
///
///     orig.ip.saddr=192.0.2.1 orig.l4.dport=443 reply.raw.pktlen=977   as   sourceIPv4Address, destinationTransportPort and
///     reverse octetTotalCount
#include <stdexcept>

#include "core/net/net_needs.hh"
#include "sinks/net/flow_exporter.hh"

namespace stook {

namespace {

constexpr uint16_t ipfix_port = 4739;

enum class IpfixProto : uint8_t { Tcp, Udp, Sctp };

struct IpfixConfig : ExporterConfig {
  uint64_t oid = 0;
  uint64_t domain_id = 0;
  std::string host;
  uint64_t port = ipfix_port;
  IpfixProto proto = IpfixProto::Tcp;
  uint64_t mtu = 512;
  SendTemplate send_template = SendTemplate::Once;
  uint64_t nth_template = 16;
  uint64_t corksets_max = 16;
  Duration template_every{60'000'000'000};
};

void declare(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<IpfixConfig*>(raw);
  if (config.proto == IpfixProto::Sctp) {
    throw std::invalid_argument("proto: sctp is not spoken; write tcp or udp");
  }
  if (config.dest.empty() && config.host.empty()) {
    throw std::invalid_argument(
        "dest: says nobody; write dest = udp://HOST:4739, or host, port and proto as ulogd has them");
  }
  if (config.oid != 0 && config.domain_id != 0 && config.oid != config.domain_id) {
    throw std::invalid_argument("oid and domain_id are two names of one number; write one of them");
  }
  bool is_six = config.host.find(':') != std::string::npos && config.host[0] != '[';
  std::string host = is_six ? "[" + config.host + "]" : config.host;
  std::string way = config.proto == IpfixProto::Udp ? "udp://" : "tcp://";
  read_flow_target(config, config.dest.empty() ? way + host + ":" + std::to_string(config.port) : config.dest,
                   ipfix_port);
  config.packing = {true,
                    static_cast<uint32_t>(config.oid != 0 ? config.oid : config.domain_id),
                    config.mtu,
                    config.corksets_max,
                    config.send_template,
                    config.is_udp ? config.nth_template : 0,
                    config.is_udp ? config.template_every.ns : 0};
  declare_tls(config, TlsRole::Client, folder);
}

std::unique_ptr<Sink> make(const Make& make) {
  return make_exporter(*static_cast<const IpfixConfig*>(make.config), make);
}

}  // namespace

template <>
inline constexpr std::string_view choice_names<IpfixProto>[] = {"tcp", "udp", "sctp"};

namespace {

template <auto P>
constexpr Option target_option(const char* name, const char* fallback, const char* doc, Range range = {}) {
  Option row = option<P>(name, fallback, doc, range);
  row.assign = [](void* config, std::string_view text, const Option& self, std::string& why) {
    ExporterConfig& part = *static_cast<IpfixConfig*>(config);
    return detail::assign_value(part.*P, text, self, why);
  };
  return row;
}

constexpr auto options = join_options(
    std::array{
        target_option<&ExporterConfig::dest>("dest", "",
                                             "the collector: udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT"),
        option<&IpfixConfig::host>("host", "", "the collector's host, where dest is empty"),
        option<&IpfixConfig::port>("port", "4739", "its port", {1, 65535}),
        option<&IpfixConfig::proto>("proto", "tcp", "how it is reached; sctp is refused"),
        option<&IpfixConfig::domain_id>("domain_id", "0", "the observation domain", {0, 4294967295.0}),
        option<&IpfixConfig::oid>("oid", "0", "the same by ulogd's other name", {0, 4294967295.0}),
        option<&IpfixConfig::mtu>("mtu", "512", "bytes of a message; one record alone may be longer", {128, 65507}),
        option<&IpfixConfig::send_template>("send_template", "once",
                                            "when templates are sent; once: before their first use, "
                                            "and by UDP again and again"),
        option<&IpfixConfig::nth_template>("nth_template", "16",
                                           "by UDP they are sent again after so many messages; 0: not", {0, 1e9}),
        option<&IpfixConfig::template_every>("template_every", "60s", "and after so long; 0: not", {0, 86400e9}),
        option<&IpfixConfig::corksets_max>("corksets_max", "16", "sets of a message", {2, 10000}),
        target_option<&ExporterConfig::connect_timeout>(
            "connect_timeout", "10s", "longest time to connect, and again for the handshake of TLS", {1e6, 3.6e12}),
    },
    tls_sink_options<IpfixConfig>);

}  // namespace

extern const Plugin sink_ipfix;
const Plugin sink_ipfix = {
    .kind = Kind::Sink,
    .name = "ipfix",
    .doc = "rows as flow records of IPFIX, to a collector",
    .options = options,
    .primary = "dest",
    .config = config_type<IpfixConfig>,
    .declare = declare,
    .needs = tls_needs<IpfixConfig>,
    .sink = make,
    .format = "ipfix",
    .has_one_format = true,
};

}  // namespace stook
