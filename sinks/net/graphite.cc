// SPDX-License-Identifier: Apache-2.0
/// graphite: sends sums to a Graphite server, by TCP; GRAPHITE of ulogd.
///
///     stack=acct1:NFACCT,graphite1:GRAPHITE
///     [graphite1]
///     host="127.0.0.1"
///     port="2003"
///     prefix="netfilter.nfacct"
///
///     netfilter.nfacct.icmp.pkts 12 1795312662
///     netfilter.nfacct.icmp.bytes 1008 1795312662
#include <array>

#include "core/net/net_needs.hh"
#include "sinks/net/config.hh"

namespace stook {

namespace {
struct GraphiteSinkConfig : SocketConfig {
  std::string host;
  std::string port;
};

constexpr std::array options = {
    option<&GraphiteSinkConfig::host>("host", required, "the server: a name or an address"),
    option<&GraphiteSinkConfig::port>("port", "2003", "its port"),
    connect_timeout_option<GraphiteSinkConfig>,
};

void declare(void* raw, std::string_view, Wiring&) {
  auto& config = *static_cast<GraphiteSinkConfig*>(raw);
  bool is_six = config.host.find(':') != std::string::npos && config.host.front() != '[';
  config.to = (is_six ? "[" + config.host + "]" : config.host) + ":" + config.port;
  read_target(config, AddressForm::Network, std::nullopt, "host");
}

std::unique_ptr<Sink> make(const Make& make) {
  return make_stream_sink(*static_cast<const GraphiteSinkConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_graphite;
const Plugin sink_graphite = {
    .kind = Kind::Sink,
    .name = "graphite",
    .doc = "sends sums to a Graphite server; ulogd's GRAPHITE",
    .options = options,
    .primary = "host",
    .config = config_type<GraphiteSinkConfig>,
    .declare = declare,
    .needs = tls_needs<GraphiteSinkConfig>,
    .sink = make,
    .format = "graphite",
};

}  // namespace stook
