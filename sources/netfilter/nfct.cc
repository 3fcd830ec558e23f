// SPDX-License-Identifier: Apache-2.0
/// nfct: connections that the kernel tracks, one row at the end of each; ulogd's NFCT.
///
/// By itself a row is made when a connection ends, with its begin. `hash_enable = 0` makes a row of each event, and `pollinterval`
/// asks for the kernel's table each interval instead of listening. Counters take net.netfilter.nf_conntrack_acct = 1.
///
///     stack=ct1:NFCT,ip2str1:IP2STR,print1:PRINTFLOW,emu1:LOGEMU
///     [ct1]
///     netlink_socket_buffer_size=4194304
///
/// The row of a connection:
///
///     orig.ip.saddr=192.0.2.1 orig.ip.daddr=192.0.2.7 orig.ip.protocol=6 orig.l4.sport=54202 orig.l4.dport=443 …
///     ct.id=2508655732 ct.event=4 flow.start.sec=1795314442 flow.start.usec=381302 flow.end.sec=1795314442 …
#include <stdexcept>

#include "core/api/plugin.hh"
#include "sources/netfilter/seconds_option.hh"
#include "sources/netfilter/tracked_source.hh"

namespace stook {

namespace {

constexpr uint64_t ample_buffer = 32 << 20;

constexpr Option options[] = {
    seconds_option<&NfctConfig::pollinterval>("pollinterval", "0",
                                              "how often the kernel's table is asked; 0: events are listened to"),
    option<&NfctConfig::hash_enable>("hash_enable", "1", "a row at the end of a connection; 0: a row for each event"),
    option<&NfctConfig::hash_max_entries>("hash_max_entries", "32768", "connections that are remembered", {1, 1e8}),
    option<&NfctConfig::hash_buckets>("hash_buckets", "8192",
                                      "accepted from old files and without effect: the table grows by itself"),
    option<&NfctConfig::event_mask>("event_mask", "5", "events listened to: 1 new, 2 changed, 4 ended, added up",
                                    {1, 7}),
    option<&NfctConfig::buffer>("netlink_socket_buffer_size", "0",
                                "bytes that the kernel holds; 0 is the system's default", {0, 1073741824}),
    option<&NfctConfig::buffer_most>("netlink_socket_buffer_maxsize", "0",
                                     "bytes up to which that grows when it was full; 0 is 32 MiB", {0, 1073741824}),
    seconds_option<&NfctConfig::resync_timeout>(
        "netlink_resync_timeout", "60",
        "how long after events were lost the kernel's table is asked for what was missed"),
    option<&NfctConfig::reliable>("reliable", "0", "the kernel drops packets rather than events"),
    option<&NfctConfig::sources>("accept_src_filter", "", "networks of which the sender must be"),
    option<&NfctConfig::destinations>("accept_dst_filter", "", "networks of which the receiver must be"),
    option<&NfctConfig::protocols>("accept_proto_filter", "", "protocols: tcp, sctp, or numbers"),
    option<&NfctConfig::mark_filter>("mark_filter", "",
                                     "the mark that connections must have, or mark and mask as 0x10/0xf0"),
    seconds_option<&NfctConfig::active_timeout>(
        "active_timeout", "0",
        "how often a connection that goes on makes a row of what it carried meanwhile; 0: never"),
    option<&NfctConfig::netns>("netns", "", "network namespace to listen in, a name or a path; empty: one's own"),
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<NfctConfig*>(raw);
  config.buffer_most = config.buffer_most == 0 ? ample_buffer : config.buffer_most;
  config.choice = {};
  config.choice.take_sources(config.sources);
  config.choice.take_destinations(config.destinations);
  config.choice.take_protocols(config.protocols);
  if (config.hash_enable && config.pollinterval.ns == 0 && (config.event_mask & 4) == 0) {
    throw std::invalid_argument("event_mask has no ends; add 4 to it, or set hash_enable = 0");
  }
  config.choice.take_mark(config.mark_filter);
  bool is_listening = config.hash_enable && config.pollinterval.ns == 0;
  if (config.active_timeout.ns > 0 && !is_listening) {
    throw std::invalid_argument(
        "active_timeout needs the begin of connections; it takes hash_enable = 1 and no pollinterval");
  }
  TrackedRows::declare(wiring);
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const NfctConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nfct;
const Plugin source_nfct = {
    .kind = Kind::Source,
    .name = "nfct",
    .doc = "Connections that the kernel tracks, by events or by lists",
    .options = options,
    .config = config_type<NfctConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nfct, NfctConfig>,
};

}  // namespace stook
