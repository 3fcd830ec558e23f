// SPDX-License-Identifier: Apache-2.0
/// unix: rows to a program of this machine, by a unix socket.
///
/// `type = stream` is a connection: a row is delivered when the program has read all that was sent. `type = datagram`
/// makes each row one: it is delivered when it lies in the program's queue.
///
///   [out]
///   to = /run/collector.sock
///
///   {"remote_addr":"192.0.2.1","status":502,"path":"/cart"}
#include <array>

#include "core/net/net_needs.hh"
#include "sinks/net/config.hh"

namespace stook {

namespace {
enum class PeerType : uint8_t { Stream, Datagram };
struct UnixSinkConfig : SocketConfig {
  PeerType type = PeerType::Stream;
};
}  // namespace

template <>
inline constexpr std::string_view choice_names<PeerType>[] = {"stream", "datagram"};

namespace {
constexpr std::array options = {
    socket_option<UnixSinkConfig, &SocketConfig::to>("to", nullptr, "path of the socket, or @NAME of an abstract one"),
    option<&UnixSinkConfig::type>("type", "stream", "what the program takes; a datagram is a row"),
    socket_option<UnixSinkConfig, &SocketConfig::framing>("framing", "lf", "how the rows of a stream are told apart"),
    connect_timeout_option<UnixSinkConfig>,
};

void declare(void* raw, std::string_view, Wiring&) {
  read_target(*static_cast<UnixSinkConfig*>(raw), AddressForm::Unix);
}

std::unique_ptr<Sink> make(const Make& make) {
  const auto& config = *static_cast<const UnixSinkConfig*>(make.config);
  return config.type == PeerType::Stream ? make_stream_sink(config, make) : make_datagram_sink(config, make);
}
}  // namespace

extern const Plugin sink_unix;
const Plugin sink_unix = {
    .kind = Kind::Sink,
    .name = "unix",
    .doc = "rows to a program of this machine, by a unix socket",
    .options = options,
    .primary = "to",
    .config = config_type<UnixSinkConfig>,
    .declare = declare,
    .needs = tls_needs<UnixSinkConfig>,
    .sink = make,
    .format = "json",
};

}  // namespace stook
