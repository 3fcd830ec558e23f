// SPDX-License-Identifier: Apache-2.0
/// gprint: appends to a file one line a row, all its keys as name=value; GPRINT of ulogd.
///
///     stack=log1:NFLOG,base1:BASE,gp1:GPRINT
///     [gp1]
///     file="/var/log/ulog/gprint.log"
///     timestamp=1
///
///     timestamp=2026/11/22-01:57:42,raw.pktlen=33,oob.prefix=in: ,oob.mark=0,ip.saddr=192.0.2.1,…
#include "sinks/file/ulogd_options.hh"

namespace stook {

namespace {
constexpr auto options = file_options("/var/log/ulogd_gprint.log");
}  // namespace

extern const Plugin sink_gprint;
const Plugin sink_gprint = {
    .kind = Kind::Sink,
    .name = "gprint",
    .doc = "all keys of a row as name=value on one line, to a file; ulogd's GPRINT",
    .options = options,
    .primary = "file",
    .config = config_type<FileConfig>,
    .declare = declare_file,
    .needs = file_needs,
    .sink = make_file,
    .format = "gprint",
};

}  // namespace stook
