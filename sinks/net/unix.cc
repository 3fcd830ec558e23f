// SPDX-License-Identifier: Apache-2.0
/// unix: rows to a program of this machine, by a unix socket.
///
/// `transport = stream` is a connection: a row is delivered when the program has read all that was sent. `transport =
/// datagram` makes each row one: it is delivered when it lies in the program's queue.
///
///   [out]
///   to = /run/collector.sock
///
///   {"remote_addr":"192.0.2.1","status":502,"path":"/cart"}
#include <array>
#include <stdexcept>

#include "sinks/net/config.hh"

namespace stook {

namespace {
constexpr std::array options = {
    option<&SocketConfig::to>("to", required, "path of the socket, or @NAME of an abstract one"),
    option<&SocketConfig::transport>("transport", "stream", "stream, or datagram: a row each"),
    option<&SocketConfig::framing>("framing", "lf", "how the rows of a stream are told apart"),
    connect_timeout_option,
};

void declare(void* raw, std::string_view, Wiring&) {
  auto& config = *static_cast<SocketConfig*>(raw);
  read_target(config, AddressForm::Unix);
  if (config.transport == Transport::Tcp || config.transport == Transport::Udp) {
    throw std::invalid_argument("transport: a unix socket takes stream or datagram");
  }
  config.transport = config.transport == Transport::Auto ? Transport::Stream : config.transport;
}

std::unique_ptr<Sink> make(const Make& make) {
  auto& config = *static_cast<const SocketConfig*>(make.config);
  return config.transport == Transport::Datagram ? make_datagram_sink(make) : make_stream_sink(make);
}
}  // namespace

extern const Plugin sink_unix;
const Plugin sink_unix = {
    .kind = Kind::Sink,
    .name = "unix",
    .doc = "rows to a program of this machine, by a unix socket",
    .options = options,
    .primary = "to",
    .config = config_type<SocketConfig>,
    .declare = declare,
    .sink = make,
    .format = "json",
};

}  // namespace stook
