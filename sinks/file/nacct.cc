// SPDX-License-Identifier: Apache-2.0
/// nacct: appends to a file a line a flow, as nacctd writes it; NACCT of ulogd.
///
///     stack=ct1:NFCT,ip2str1:IP2STR,nacct1:NACCT
///
///     1795312662  17  192.0.2.1  33871  192.0.2.7  53  1  94          (tabs between)
#include "sinks/file/ulogd_options.hh"

namespace stook {

namespace {
constexpr auto options = file_options("/var/log/ulogd_nacct.log");
}  // namespace

extern const Plugin sink_nacct;
const Plugin sink_nacct = {
    .kind = Kind::Sink,
    .name = "nacct",
    .doc = "flows as nacctd writes them, to a file; ulogd's NACCT",
    .options = options,
    .primary = "file",
    .config = config_type<FileConfig>,
    .declare = declare_file,
    .needs = file_needs,
    .sink = make_file,
    .format = "nacct",
};

}  // namespace stook
