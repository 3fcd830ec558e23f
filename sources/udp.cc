// SPDX-License-Identifier: Apache-2.0
/// udp: reads UDP datagrams, a row each.
///
///     stack=in:UDP,out:FILE
///     [in]
///     listen=*:5170
///     rcvbuf=8MiB
///
/// The row of a datagram:
///
///     message="cpu=12 mem=40"
#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "core/net/net_source.hh"

namespace stook {

namespace {

struct UdpSourceConfig : NetConfig {
  std::vector<std::string> listen;
};

constexpr NetKey keys[] = {NetKey::Message, NetKey::Truncated, NetKey::RecvTime,
                           NetKey::Id,      NetKey::PeerIp,    NetKey::PeerPort};

constexpr std::array own = {
    option<&UdpSourceConfig::listen>("listen", required, "addresses to listen on: 127.0.0.1:5170, [::1]:5170, *:5170"),
};
constexpr auto options =
    join_options(join_options(own, record_options<UdpSourceConfig>),
                 join_options(datagram_options<UdpSourceConfig>, reuseport_options<UdpSourceConfig>));

void declare(void* config, std::string_view, Wiring& wiring) {
  UdpSourceConfig& udp = *static_cast<UdpSourceConfig*>(config);
  for (const std::string& address : udp.listen) {
    udp.listenings.push_back({parse_listen("listen", address, AddressForm::Network), false, false, udp.reuseport});
    udp.listenings.back().receive_buffer = udp.rcvbuf.bytes;
  }
  NetRows::declare(wiring, keys);
}

class UdpSource final : public NetSource {
 public:
  explicit UdpSource(const UdpSourceConfig& config) : NetSource(config, keys) {}
};

}  // namespace

extern const Plugin source_udp;
const Plugin source_udp = {
    .kind = Kind::Source,
    .name = "udp",
    .doc = "Reads UDP datagrams, a row each",
    .options = options,
    .primary = "listen",
    .config = config_type<UdpSourceConfig>,
    .declare = declare,
    .needs = net_needs<UdpSourceConfig>,
    .source = make_source<UdpSource, UdpSourceConfig>,
};

}  // namespace stook
