// SPDX-License-Identifier: Apache-2.0
/// udp: each row a datagram.
///
/// A row is delivered when the kernel has taken its datagram: whether it came, nobody tells. A row that is larger
/// than a datagram is refused.
///
///   [out]
///   to = 192.0.2.7:9000
///
///   {"remote_addr":"192.0.2.1","status":502,"path":"/cart"}
#include <array>

#include "core/net/net_needs.hh"
#include "sinks/net/config.hh"

namespace stook {

namespace {
constexpr std::array options = {host_option<SocketConfig>};

void declare(void* raw, std::string_view, Wiring&) {
  read_target(*static_cast<SocketConfig*>(raw), AddressForm::Network);
}

std::unique_ptr<Sink> make(const Make& make) {
  return make_datagram_sink(*static_cast<const SocketConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_udp;
const Plugin sink_udp = {
    .kind = Kind::Sink,
    .name = "udp",
    .doc = "each row a datagram",
    .options = options,
    .primary = "to",
    .config = config_type<SocketConfig>,
    .declare = declare,
    .needs = tls_needs<SocketConfig>,
    .sink = make,
    .format = "json",
};

}  // namespace stook
