// SPDX-License-Identifier: Apache-2.0
/// syslog: rows as syslog messages, to a syslog server.
///
/// Over TCP, TLS, UDP or a unix socket; what "delivered" means is what it means for the sinks `tcp`, `udp` and
/// `unix`. The codec `syslog` makes the messages, RFC 5424 or RFC 3164, and octets tell them apart (RFC 6587), so
/// that no message can look like two.
///
///   [out]
///   to = logs.example.org
///   tls = yes
///
///   <38>1 2026-11-21T03:38:00Z web1 sshd 812 - - Accepted publickey
#include <array>
#include <stdexcept>

#include "core/net/net_needs.hh"
#include "sinks/net/config.hh"

namespace stook {

/// A connection, or datagrams. Auto: a connection to hosts, datagrams to unix sockets.
enum class Transport : uint8_t { Auto, Tcp, Udp, Stream, Datagram };
template <>
inline constexpr std::string_view choice_names<Transport>[] = {"auto", "tcp", "udp", "stream", "datagram"};

namespace {
struct SyslogSinkConfig : SocketConfig {
  Transport transport = Transport::Auto;
};

constexpr auto options = join_options(
    std::array{
        socket_option<SyslogSinkConfig, &SocketConfig::to>(
            "to", nullptr, "host and port, the latter 514 or over TLS 6514 by itself; or a unix socket: /dev/log"),
        option<&SyslogSinkConfig::transport>("transport", "auto",
                                             "auto: tcp to a host, datagram to a unix socket; or stream to the latter"),
        socket_option<SyslogSinkConfig, &SocketConfig::framing>("framing", "octets",
                                                                "how the messages of a connection are told apart"),
        connect_timeout_option<SyslogSinkConfig>,
    },
    tls_sink_options<SyslogSinkConfig>);

void declare(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<SyslogSinkConfig*>(raw);
  read_target(config, AddressForm::Any, config.tls ? uint16_t{6514} : uint16_t{514});
  bool is_unix = config.endpoint.is_unix();
  if (config.transport == Transport::Auto) {
    config.transport = is_unix ? Transport::Datagram : Transport::Tcp;
  }
  bool is_of_unix = config.transport == Transport::Stream || config.transport == Transport::Datagram;
  if (is_unix != is_of_unix) {
    throw std::invalid_argument(is_unix ? "transport: a unix socket takes stream or datagram"
                                        : "transport: a host takes tcp or udp");
  }
  if (config.tls && config.transport != Transport::Tcp) {
    throw std::invalid_argument("tls: TLS goes over tcp only; leave it out, or set transport = tcp");
  }
  declare_tls(config, TlsRole::Client, folder);
}

std::unique_ptr<Sink> make(const Make& make) {
  const auto& config = *static_cast<const SyslogSinkConfig*>(make.config);
  bool is_datagram = config.transport == Transport::Udp || config.transport == Transport::Datagram;
  return is_datagram ? make_datagram_sink(config, make) : make_stream_sink(config, make);
}
}  // namespace

extern const Plugin sink_syslog;
const Plugin sink_syslog = {
    .kind = Kind::Sink,
    .name = "syslog",
    .doc = "rows as syslog messages, by TCP, TLS, UDP or a unix socket",
    .options = options,
    .primary = "to",
    .config = config_type<SyslogSinkConfig>,
    .declare = declare,
    .needs = tls_needs<SyslogSinkConfig>,
    .sink = make,
    .format = "syslog",
};

}  // namespace stook
