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
#include <array>

#include "core/api/plugin.hh"
#include "sinks/file/config.hh"

namespace stook {

namespace {
/// ulogd holds packets back in a buffer of its own unless it is 1. Here each delivery goes to the kernel at once.
constexpr Option pcap_sync() {
  Option row = option<&FileConfig::sync>(
      "sync", "0", "accepted from old files and without effect: what is delivered is with the kernel, always");
  row.kind = OptionKind::Boolean;
  row.assign = [](void* config, std::string_view text, const Option&, std::string& why) {
    bool is_on = false;
    static_cast<FileConfig*>(config)->sync = "never";
    return read_value(text, is_on, why);
  };
  return row;
}

constexpr std::array pcap_options = {
    option<&FileConfig::path>("file", "/var/log/ulogd.pcap", "the file; may hold keys: /var/log/${oob.prefix}.pcap"),
    pcap_sync(),
    option<&FileConfig::mode>("mode", "0640", "permissions of new files, in octal"),
    option<&FileConfig::rotate>("rotate", "0", "begin a new file past this size; 0 is never"),
    option<&FileConfig::rotate_every>("rotate_every", "0", "begin a new file after this time; 0 is never"),
    option<&FileConfig::keep_files>("keep_files", "0", "how many rotated files stay; 0 is all", {0, 100000}),
    option<&FileConfig::compress>("compress", "none", "compress rotated files"),
};

std::unique_ptr<Sink> make_pcap(const Make& make) {
  return make_file_sink(*static_cast<const FileConfig*>(make.config), make.header);
}
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
    .sink = make_pcap,
    .format = "pcap",
};

}  // namespace stook
