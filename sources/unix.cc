// SPDX-License-Identifier: Apache-2.0
/// unix: reads records from unix sockets, streams or datagrams.
///
///     stack=in:UNIX,out:FILE
///     [in]
///     listen=/run/app.sock
///     mode=0660
///
/// The row of a record:
///
///     message="started"
///
/// `peer.pid`, `peer.uid` and `peer.gid`, on request, say who sent it; the kernel vouches for them.
#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "core/net/net_source.hh"

namespace stook {

namespace {

enum class UnixType : uint8_t { Stream, Datagram };

struct UnixSourceConfig : NetConfig {
  std::vector<std::string> listen;
  UnixType type = UnixType::Stream;
};

constexpr NetKey keys[] = {NetKey::Message, NetKey::Truncated, NetKey::Partial, NetKey::RecvTime,
                           NetKey::Id,      NetKey::PeerPid,   NetKey::PeerUid, NetKey::PeerGid};

}  // namespace

template <>
inline constexpr std::string_view choice_names<UnixType>[] = {"stream", "datagram"};

namespace {

constexpr std::array own = {
    option<&UnixSourceConfig::listen>("listen", required,
                                      "paths of sockets: /run/app.sock, or @app for an abstract one"),
    option<&UnixSourceConfig::type>("type", "stream", "what peers connect with; a datagram is a record"),
    net_option<UnixSourceConfig, &NetConfig::framing>("framing", "lf", "where records of a stream end"),
};
constexpr auto options =
    join_options(join_options(join_options(own, record_options<UnixSourceConfig>), mode_options<UnixSourceConfig>),
                 join_options(connection_options<UnixSourceConfig>, datagram_options<UnixSourceConfig>));

void declare(void* config, std::string_view, Wiring& wiring) {
  UnixSourceConfig& unix_ = *static_cast<UnixSourceConfig*>(config);
  unsigned mode = parse_mode(unix_.mode);
  for (const std::string& path : unix_.listen) {
    Endpoint endpoint = parse_listen("listen", path, AddressForm::Unix);
    unix_.listenings.push_back({endpoint, unix_.type == UnixType::Stream, false, false, mode});
    unix_.listenings.back().receive_buffer = unix_.rcvbuf.bytes;
  }
  NetRows::declare(wiring, keys);
}

class UnixSource final : public NetSource {
 public:
  explicit UnixSource(const UnixSourceConfig& config) : NetSource(config, keys) {}
};

}  // namespace

extern const Plugin source_unix;
const Plugin source_unix = {
    .kind = Kind::Source,
    .name = "unix",
    .doc = "Reads records from unix sockets, streams or datagrams",
    .options = options,
    .primary = "listen",
    .config = config_type<UnixSourceConfig>,
    .declare = declare,
    .needs = net_needs<UnixSourceConfig>,
    .source = make_source<UnixSource, UnixSourceConfig>,
};

}  // namespace stook
