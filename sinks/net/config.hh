// SPDX-License-Identifier: Apache-2.0
/// The options of sinks on sockets, of which each takes those that it needs.
#pragma once

#include <string>
#include <string_view>

#include "core/api/plugin.hh"
#include "core/net/address.hh"
#include "core/net/net_needs.hh"
#include "core/net/tls_config.hh"
#include "sinks/net/frames.hh"

namespace stook {

struct SocketConfig : TlsConfig {
  std::string to;
  RowFraming framing = RowFraming::Lf;
  Duration connect_timeout;

  // Completed by declare.
  Endpoint endpoint;
};

/// Reads `to`, which names a host or a unix socket as `form` says; `port` is meant where it names none; `option` is what
/// the user wrote it as. Throws std::invalid_argument with one sentence.
void read_target(SocketConfig& config, AddressForm form, std::optional<uint16_t> port = std::nullopt,
                 const char* option = "to");

/// An option of the sockets' part of a config, wherever in it that lies.
template <class C, auto P>
constexpr Option socket_option(const char* name, const char* fallback, const char* doc, Range range = {}) {
  Option row = option<P>(name, fallback, doc, range);
  row.assign = [](void* config, std::string_view text, const Option& self, std::string& why) {
    SocketConfig& part = *static_cast<C*>(config);
    return detail::assign_value(part.*P, text, self, why);
  };
  return row;
}
template <class C>
inline constexpr Option host_option =
    socket_option<C, &SocketConfig::to>("to", nullptr, "host and port: logs.example.org:514, [2001:db8::1]:514");
template <class C>
inline constexpr Option connect_timeout_option = socket_option<C, &SocketConfig::connect_timeout>(
    "connect_timeout", "10s", "longest time to connect, and again for the handshake of TLS", {1e6, 3.6e12});

/// The sinks themselves. The config lives as long as the sink.
std::unique_ptr<Sink> make_stream_sink(const SocketConfig& config, const Make& make);
std::unique_ptr<Sink> make_datagram_sink(const SocketConfig& config, const Make& make);

}  // namespace stook
