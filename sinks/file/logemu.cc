// SPDX-License-Identifier: Apache-2.0
/// logemu: appends lines to a file as a syslog daemon would write them; LOGEMU of ulogd.
///
///     stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU
///     [emu1]
///     file="/var/log/ulog/syslogemu.log"
///
///     Nov 22 01:57:42 gate in: IN=eth0 OUT= MAC=… SRC=192.0.2.1 DST=192.0.2.7 LEN=33 …
#include "sinks/file/ulogd_options.hh"

namespace stook {

namespace {
constexpr auto options = file_options("/var/log/ulogd_syslogemu.log");
}  // namespace

extern const Plugin sink_logemu;
const Plugin sink_logemu = {
    .kind = Kind::Sink,
    .name = "logemu",
    .doc = "lines as syslog would write them, to a file; ulogd's LOGEMU",
    .options = options,
    .primary = "file",
    .config = config_type<FileConfig>,
    .declare = declare_file,
    .needs = file_needs,
    .sink = make_file,
    .format = "logemu",
};

}  // namespace stook
