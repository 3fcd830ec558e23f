// SPDX-License-Identifier: Apache-2.0
/// tcp: reads records from TCP connections, with TLS or without.
///
///     stack=in:TCP,parse:PARSE_JSON,out:FILE
///     [in]
///     listen=*:5170
///
///     $ echo '{"level":"info"}' | nc -N 127.0.0.1 5170
///
/// The row of a record:
///
///     message="{\"level\":\"info\"}"
#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "core/net/net_source.hh"

namespace stook {

namespace {

struct TcpSourceConfig : NetConfig {
  std::vector<std::string> listen;
};

constexpr NetKey keys[] = {NetKey::Message, NetKey::Truncated, NetKey::Partial, NetKey::RecvTime,
                           NetKey::Id,      NetKey::PeerIp,    NetKey::PeerPort};

constexpr std::array own = {
    option<&TcpSourceConfig::listen>("listen", required, "addresses to listen on: 127.0.0.1:5170, [::1]:5170, *:5170"),
    net_option<TcpSourceConfig, &NetConfig::framing>("framing", "lf", "where records end"),
};
constexpr auto options = join_options(
    join_options(join_options(join_options(own, record_options<TcpSourceConfig>), connection_options<TcpSourceConfig>),
                 join_options(peer_options<TcpSourceConfig>, reuseport_options<TcpSourceConfig>)),
    tls_source_options<TcpSourceConfig>);

void declare(void* config, std::string_view folder, Wiring& wiring) {
  TcpSourceConfig& tcp = *static_cast<TcpSourceConfig*>(config);
  declare_tls(tcp, TlsRole::Server, folder);
  for (const std::string& address : tcp.listen) {
    tcp.listenings.push_back({parse_listen("listen", address, AddressForm::Network), true, tcp.tls, tcp.reuseport});
  }
  NetRows::declare(wiring, keys);
}

class TcpSource final : public NetSource {
 public:
  explicit TcpSource(const TcpSourceConfig& config) : NetSource(config, keys) {}
};

}  // namespace

extern const Plugin source_tcp;
const Plugin source_tcp = {
    .kind = Kind::Source,
    .name = "tcp",
    .doc = "Reads records from TCP connections, with TLS or without",
    .options = options,
    .primary = "listen",
    .config = config_type<TcpSourceConfig>,
    .declare = declare,
    .needs = net_needs<TcpSourceConfig>,
    .source = make_source<TcpSource, TcpSourceConfig>,
};

}  // namespace stook
