// SPDX-License-Identifier: Apache-2.0
/// syslog: receives syslog messages by UDP, TCP, TLS and unix sockets. It finds where messages begin and end;
/// `parse_syslog` reads them.
///
///     stack=in:SYSLOG,parse:PARSE_SYSLOG,out:FILE
///     [in]
///     udp=*:514
///     tcp=*:514
///     unix=/dev/log
///
///     $ logger -n 127.0.0.1 -P 514 -T --octet-count "disk full"
///
/// The row of a message:
///
///     message="<13>1 2026-02-03T04:05:06.789+00:00 web1 root - - - disk full"
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "core/net/net_source.hh"

namespace stook {

namespace {

constexpr uint16_t syslog_port = 514;       // RFC 5426, section 3.3; TCP by custom
constexpr uint16_t syslog_tls_port = 6514;  // RFC 5425, section 4.1

struct SyslogSourceConfig : NetConfig {
  std::vector<std::string> udp;
  std::vector<std::string> tcp;
  std::vector<std::string> secure;
  std::vector<std::string> datagrams;
  std::vector<std::string> streams;
};

constexpr NetKey keys[] = {NetKey::Message, NetKey::Truncated, NetKey::Partial, NetKey::RecvTime, NetKey::Id,
                           NetKey::PeerIp,  NetKey::PeerPort,  NetKey::PeerPid, NetKey::PeerUid,  NetKey::PeerGid};

constexpr std::array own = {
    option<&SyslogSourceConfig::udp>("udp", "", "addresses for UDP: *:514, 10.0.0.1:514; without a port 514 is meant"),
    option<&SyslogSourceConfig::tcp>("tcp", "", "addresses for TCP; without a port 514 is meant"),
    option<&SyslogSourceConfig::secure>("tls", "", "addresses for TLS; without a port 6514 is meant"),
    option<&SyslogSourceConfig::datagrams>("unix", "", "paths of datagram sockets, such as /dev/log"),
    option<&SyslogSourceConfig::streams>("unix_stream", "", "paths of stream sockets"),
    net_option<SyslogSourceConfig, &NetConfig::framing>("framing", "auto", "where messages of a stream end"),
};

/// The options of TLS, without the one that turns it on: here addresses do.
constexpr auto certificate_options = [] {
  constexpr auto& all = tls_source_options<SyslogSourceConfig>;
  std::array<Option, all.size() - 1> rows{};
  for (size_t i = 0; i < rows.size(); i++) {
    rows[i] = all[i + 1];
  }
  return rows;
}();

constexpr auto options = join_options(
    join_options(
        join_options(join_options(own, record_options<SyslogSourceConfig>), datagram_options<SyslogSourceConfig>),
        join_options(reuseport_options<SyslogSourceConfig>, mode_options<SyslogSourceConfig>)),
    join_options(join_options(connection_options<SyslogSourceConfig>, peer_options<SyslogSourceConfig>),
                 certificate_options));

void add(SyslogSourceConfig& config, const char* option, const std::vector<std::string>& addresses, AddressForm form,
         const Listening& as, uint16_t port) {
  for (const std::string& address : addresses) {
    Listening listening = as;
    listening.option = option;
    listening.endpoint = parse_listen(option, address, form, port);
    listening.is_shared = config.reuseport && !listening.endpoint.is_unix();
    listening.receive_buffer = config.rcvbuf.bytes;
    config.listenings.push_back(listening);
  }
}

void declare(void* config, std::string_view folder, Wiring& wiring) {
  SyslogSourceConfig& syslog = *static_cast<SyslogSourceConfig*>(config);
  syslog.tls = !syslog.secure.empty();
  declare_tls(syslog, TlsRole::Server, folder, "*:6514");
  unsigned mode = parse_mode(syslog.mode);
  add(syslog, "udp", syslog.udp, AddressForm::Network, {.is_stream = false}, syslog_port);
  add(syslog, "tcp", syslog.tcp, AddressForm::Network, {}, syslog_port);
  add(syslog, "tls", syslog.secure, AddressForm::Network, {.is_secure = true}, syslog_tls_port);
  add(syslog, "unix", syslog.datagrams, AddressForm::Unix, {.is_stream = false, .mode = mode}, 0);
  add(syslog, "unix_stream", syslog.streams, AddressForm::Unix, {.mode = mode}, 0);
  if (syslog.listenings.empty()) {
    throw std::invalid_argument("nothing to listen on; write udp=*:514, tcp=*:514, tls=*:6514 or unix=/dev/log");
  }
  NetRows::declare(wiring, keys);
}

class SyslogSource final : public NetSource {
 public:
  explicit SyslogSource(const SyslogSourceConfig& config) : NetSource(config, keys) {}
};

}  // namespace

extern const Plugin source_syslog;
const Plugin source_syslog = {
    .kind = Kind::Source,
    .name = "syslog",
    .doc = "Receives syslog messages by UDP, TCP, TLS and unix sockets",
    .options = options,
    .config = config_type<SyslogSourceConfig>,
    .declare = declare,
    .needs = net_needs<SyslogSourceConfig>,
    .source = make_source<SyslogSource, SyslogSourceConfig>,
};

}  // namespace stook
