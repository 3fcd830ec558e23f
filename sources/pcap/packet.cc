// SPDX-License-Identifier: Apache-2.0
/// packet: packets that pass an interface, as they pass.
///
/// The kernel copies them into a ring of memory that both see (AF_PACKET, TPACKET_V3), so that there is no call for
/// each. Those for which the ring had no place are counted to the packet, as `kernel`, or as `pool` where stook was not
/// reading because its sinks held it up. An interface that is not there, or goes away, is waited for; other stacks run
/// meanwhile. CAP_NET_RAW is needed. Rows are those of the source pcap; `base` takes them apart.
///
///     stack=in:PACKET,base:BASE,flows:METER_FLOWS,out:IPFIX
///     [in]
///     interface=eth0
///     filter=tcp or udp
///
/// Several instances with one `fanout` and `fanout_group` share the packets of an interface: the kernel deals them out,
/// by default the packets of a flow to one of them, both directions together.
///
/// The row of a packet:
///
///     raw.pktlen=60 raw.pktcount=1 raw.mac_len=14 raw.mac.addrlen=6 raw.type=1 oob.time.sec=1795232280 oob.time.usec=17
///     time=2026-11-21T03:38:00.000017Z oob.family=2 oob.protocol=2048 oob.ifindex_in=2 oob.seq.local=0
#include <linux/capability.h>
#include <net/if.h>
#include <unistd.h>

#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/text.hh"
#include "sources/pcap/packet/source.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<PacketDirection>[] = {"both", "in", "out"};
template <>
inline constexpr std::string_view choice_names<PacketFanout>[] = {"none", "hash", "balance", "cpu"};

namespace {

constexpr Option packet_options[] = {
    option<&PacketConfig::interface>("interface", "", "the interface; empty: all of them"),
    option<&PacketConfig::filter>("filter", "", "packets that are wanted, as tcpdump says it; empty: all"),
    option<&PacketConfig::direction>("direction", "both", "packets that come in, that go out, or both"),
    option<&PacketConfig::snap_length>("snap_length", "65535", "bytes of a packet that are copied, with its link layer",
                                       {64, PacketRing::most_copied}),
    option<&PacketConfig::promiscuous>("promiscuous", "yes", "the interface takes up what is for others, too"),
    option<&PacketConfig::ring>("ring", "16MiB", "memory in which packets wait, which is locked",
                                {2 * PacketRing::block_size, 4.0 * 1024 * 1024 * 1024 - PacketRing::block_size}),
    option<&PacketConfig::fanout>("fanout", "none",
                                  "how packets are dealt out among instances: by the hash of their flow, in turn "
                                  "(balance), or by the processor that took them up"),
    option<&PacketConfig::fanout_group>("fanout_group", "0",
                                        "which instances share; 0: all of this process that say fanout", {0, 65'535}),
};

void declare_packet(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<PacketConfig*>(raw);
  if (config.interface.size() >= IF_NAMESIZE) {
    throw std::invalid_argument("interface: '" + printable(config.interface, 64) +
                                "' is longer than the name of an interface can be; ip link shows them");
  }
  if (!config.filter.empty()) {
    if (config.interface.empty()) {
      throw std::invalid_argument(
          "filter: means nothing for all interfaces, as their link layers differ; name one by interface=");
    }
    PacketFilter::check(config.filter);
  }
  if (config.fanout_group == 0) {
    config.fanout_group = static_cast<uint64_t>(::getpid()) & 0xffff;
  }
  declare_pcap_keys(wiring, true);
}

void needs_of(const void*, Needs& needs) {
  needs.add_capability(CAP_NET_RAW);
}

}  // namespace

extern const Plugin source_packet;
const Plugin source_packet = {
    .kind = Kind::Source,
    .name = "packet",
    .doc = "Packets that pass an interface, as they pass",
    .options = packet_options,
    .primary = "interface",
    .config = config_type<PacketConfig>,
    .declare = declare_packet,
    .needs = needs_of,
    .source = make_source<PacketSource, PacketConfig>,
};

}  // namespace stook
