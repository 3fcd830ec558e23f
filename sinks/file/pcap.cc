// SPDX-License-Identifier: Apache-2.0
/// pcap: appends packets to a capture file; PCAP of ulogd.
///
/// It is the sink `file` with the format `pcap` and ulogd's name for the path. A file that is there goes on where it ended.
///
///     stack=log1:NFLOG,base1:BASE,pcap1:PCAP
///     [pcap1]
///     file="/var/log/ulog/ulogd.pcap"
///     rotate=64MiB
///     keep_files=8
///
///     tcpdump -r /var/log/ulog/ulogd.pcap
#include "sinks/file/ulogd_options.hh"

namespace stook {

namespace {
constexpr auto pcap_options = file_options("/var/log/ulogd.pcap");
}  // namespace

extern const Plugin sink_pcap;
const Plugin sink_pcap = {
    .kind = Kind::Sink,
    .name = "pcap",
    .doc = "appends packets to a capture file; ulogd's PCAP",
    .options = pcap_options,
    .primary = "file",
    .config = config_type<FileConfig>,
    .declare = declare_file,
    .needs = file_needs,
    .sink = make_file,
    .format = "pcap",
};

}  // namespace stook
