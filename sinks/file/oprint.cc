// SPDX-License-Identifier: Apache-2.0
/// oprint: appends to a file a line for each key of a row, below a line that begins the row; OPRINT of ulogd.
///
///     stack=log1:NFLOG,base1:BASE,op1:OPRINT
///
///     ===>PACKET BOUNDARY
///     raw.pktlen=33
///     oob.prefix=in:
#include "sinks/file/ulogd_options.hh"

namespace stook {

namespace {
constexpr auto options = file_options("/var/log/ulogd_oprint.log");
}  // namespace

extern const Plugin sink_oprint;
const Plugin sink_oprint = {
    .kind = Kind::Sink,
    .name = "oprint",
    .doc = "all keys of a row, a line each, to a file; ulogd's OPRINT",
    .options = options,
    .primary = "file",
    .config = config_type<FileConfig>,
    .declare = declare_file,
    .needs = file_needs,
    .sink = make_file,
    .format = "oprint",
};

}  // namespace stook
