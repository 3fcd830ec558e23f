// SPDX-License-Identifier: Apache-2.0
/// nflog: packets that rules of nftables and iptables log to a group; ulogd's NFLOG.
///
/// The kernel numbers the packets of a group, so that each one that did not fit into the socket's buffer is counted as
/// `kernel`, and as `pool` where stook was not reading. The buffer grows when it was full. A group that another program
/// has, or a namespace that is not there, is asked for again until it comes; other stacks run meanwhile.
///
///     nft add rule inet filter input log group 5 prefix \"in: \"
///
///     stack=in:NFLOG,base:BASE,out:FILE
///     [in]
///     group=5
///
/// The row of a packet, before BASE has looked into it:
///
///     raw.pktlen=84 raw.pktcount=1 oob.prefix="in: " oob.time.sec=1795311731 oob.time.usec=120482 oob.mark=0 oob.ifindex_in=2
///     oob.hook=1 raw.mac_len=14 oob.family=2 oob.protocol=2048 raw.label=0 raw.type=1
#include <algorithm>

#include "core/api/plugin.hh"
#include "sources/netfilter/log_source.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<LogCopy>[] = {"none", "meta", "packet"};

namespace {

constexpr uint64_t ample_buffer = 32 << 20;

constexpr Option options[] = {
    option<&NflogConfig::group>("group", "0", "the group that rules log to", {0, 65535}),
    option<&NflogConfig::netns>("netns", "", "network namespace to listen in, a name or a path; empty: one's own"),
    option<&NflogConfig::copy_mode>("copy_mode", "packet",
                                    "what of a packet is copied; meta and none: only what is about it"),
    option<&NflogConfig::copy_range>("copy_range", "65531", "bytes of a packet that are copied at the most",
                                     {0, 4294967295.0}),
    option<&NflogConfig::seq_local>("seq_local", "0", "rows have their number within the group"),
    option<&NflogConfig::seq_global>("seq_global", "0", "rows have their number over all groups"),
    option<&NflogConfig::numeric_label>("numeric_label", "0", "the key raw.label of all rows", {0, 255}),
    option<&NflogConfig::bind>("bind", "0", "what the kernel itself logs comes here, too; always so with group 0"),
    option<&NflogConfig::unbind>("unbind", "1", "with bind: whoever got that until now gets it no more"),
    option<&NflogConfig::buffer>("netlink_socket_buffer_size", "0",
                                 "bytes that the kernel holds; 0 is the system's default", {0, 1073741824}),
    option<&NflogConfig::buffer_most>("netlink_socket_buffer_maxsize", "0",
                                      "bytes up to which that grows when it was full; 0 is 32 MiB", {0, 1073741824}),
    option<&NflogConfig::netlink_qthreshold>(
        "netlink_qthreshold", "0", "packets that the kernel gathers before it sends; 0 is 512", {0, 4294967295.0}),
    option<&NflogConfig::netlink_qtimeout>("netlink_qtimeout", "0", "how long it gathers, in units of 10 ms; 0 is 25",
                                           {0, 4294967295.0}),
    option<&NflogConfig::attach_conntrack>("attach_conntrack", "0", "the kernel adds what it knows of the connection"),
    option<&NflogConfig::bufsize>("bufsize", "150000",
                                  "bytes that a read can take; never less than what the kernel gathers", {0, 16777216}),
    option<&NflogConfig::qthreshold>("qthreshold", "0", "as netlink_qthreshold", {0, 4294967295.0}),
    option<&NflogConfig::qtimeout>("qtimeout", "0", "as netlink_qtimeout", {0, 4294967295.0}),
    option<&NflogConfig::conntrack>("conntrack", "0", "as attach_conntrack"),
    option<&NflogConfig::block_size>("block_size", "8192", no_rings),
    option<&NflogConfig::block_nr>("block_nr", "32", no_rings),
    option<&NflogConfig::frame_size>("frame_size", "8192", no_rings),
    option<&NflogConfig::oneshot>("oneshot", "0", no_rings),
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<NflogConfig*>(raw);
  config.netlink_qthreshold = std::max(config.netlink_qthreshold, config.qthreshold);
  config.netlink_qtimeout = std::max(config.netlink_qtimeout, config.qtimeout);
  config.attach_conntrack = config.attach_conntrack || config.conntrack;
  config.buffer_most = config.buffer_most == 0 ? ample_buffer : config.buffer_most;
  LoggedRows::declare(wiring);
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const NflogConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nflog;
const Plugin source_nflog = {
    .kind = Kind::Source,
    .name = "nflog",
    .doc = "Packets that rules of nftables and iptables log to a group",
    .options = options,
    .primary = "group",
    .config = config_type<NflogConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nflog, NflogConfig>,
};

}  // namespace stook
