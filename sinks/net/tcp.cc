// SPDX-License-Identifier: Apache-2.0
/// tcp: rows into a TCP connection, plain or over TLS.
///
/// A row is delivered when the peer's kernel has acknowledged its last byte, over TLS when it has acknowledged all.
/// What was not acknowledged when a connection ends is sent again on the next one, from the begin of a row.
///
///   [out]
///   to = logs.example.org:6514
///   tls = yes
///
///   {"remote_addr":"192.0.2.1","status":502,"path":"/cart"}
#include <array>

#include "core/net/net_needs.hh"
#include "sinks/net/config.hh"

namespace stook {

namespace {
constexpr auto options = join_options(
    std::array{
        host_option<SocketConfig>,
        socket_option<SocketConfig, &SocketConfig::framing>("framing", "lf", "how rows are told apart"),
        connect_timeout_option<SocketConfig>,
    },
    tls_sink_options<SocketConfig>);

void declare(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<SocketConfig*>(raw);
  read_target(config, AddressForm::Network);
  declare_tls(config, TlsRole::Client, folder);
}

std::unique_ptr<Sink> make(const Make& make) {
  return make_stream_sink(*static_cast<const SocketConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_tcp;
const Plugin sink_tcp = {
    .kind = Kind::Sink,
    .name = "tcp",
    .doc = "rows into a TCP connection, plain or over TLS",
    .options = options,
    .primary = "to",
    .config = config_type<SocketConfig>,
    .declare = declare,
    .needs = tls_needs<SocketConfig>,
    .sink = make,
    .format = "json",
};

}  // namespace stook
