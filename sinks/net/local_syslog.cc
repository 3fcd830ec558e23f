// SPDX-License-Identifier: Apache-2.0
/// local_syslog: lines to this machine's syslog daemon; SYSLOG of ulogd, and what `SYSLOG` without `to` is.
///
///     stack=log3:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,sys1:SYSLOG
///     [sys1]
///     facility=LOG_LOCAL2
///
///     <149>Nov 22 01:57:42 ulogd[812]: in: IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.7 LEN=33 …
///
/// A row is delivered when it lies in the daemon's queue. While there is none the rows wait.
#include <array>

#include "core/net/net_needs.hh"
#include "sinks/net/config.hh"

namespace stook {

namespace {
constexpr std::array options = {
    socket_option<SocketConfig, &SocketConfig::to>("socket", "/dev/log", "the socket of the syslog daemon"),
};

void declare(void* raw, std::string_view, Wiring&) {
  read_target(*static_cast<SocketConfig*>(raw), AddressForm::Unix);
}

std::unique_ptr<Sink> make(const Make& make) {
  return make_datagram_sink(*static_cast<const SocketConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_local_syslog;
const Plugin sink_local_syslog = {
    .kind = Kind::Sink,
    .name = "local_syslog",
    .doc = "lines to this machine's syslog daemon; ulogd's SYSLOG",
    .options = options,
    .config = config_type<SocketConfig>,
    .declare = declare,
    .needs = tls_needs<SocketConfig>,
    .sink = make,
    .format = "local_syslog",
};

}  // namespace stook
