// SPDX-License-Identifier: Apache-2.0
/// The options of sinks on sockets, of which each takes those that it needs.
#pragma once

#include <string>
#include <string_view>

#include "core/api/plugin.hh"
#include "core/net/address.hh"
#include "core/net/tls_config.hh"
#include "sinks/net/frames.hh"

namespace stook {

/// A connection, or datagrams. Auto: a connection to hosts, datagrams to unix sockets.
enum class Transport : uint8_t { Auto, Tcp, Udp, Stream, Datagram };
template <>
inline constexpr std::string_view choice_names<Transport>[] = {"auto", "tcp", "udp", "stream", "datagram"};

struct SocketConfig : TlsConfig {
  std::string to;
  RowFraming framing = RowFraming::Lf;
  Transport transport = Transport::Auto;
  Duration connect_timeout;

  // Completed by declare.
  Endpoint endpoint;
};

/// Reads `to`, which names a host or a unix socket as `form` says; `port` is meant where it names none. Throws
/// std::invalid_argument with one sentence.
void read_target(SocketConfig& config, AddressForm form, std::optional<uint16_t> port = std::nullopt);

constexpr auto connect_timeout_option = option<&SocketConfig::connect_timeout>(
    "connect_timeout", "10s", "longest time to connect, and again for the handshake of TLS", {1e6, 3.6e12});

/// The sinks themselves.
std::unique_ptr<Sink> make_stream_sink(const Make& make);
std::unique_ptr<Sink> make_datagram_sink(const Make& make);

}  // namespace stook
