// SPDX-License-Identifier: Apache-2.0
/// nfqueue: packets that rules of iptables and nftables send to a queue, and that wait for a verdict.
///
/// Each packet is a row with the keys of nflog. The sink `verdict` at the end of a stack gives the verdict of the rows that
/// reach it. A row that a filter drops, be it as one that failed there, gets `on_drop`. What stands still, or never became a
/// row, gets `fail`: traffic never waits for longer than `patience`, and this source never waits for anything.
///
///     iptables -A FORWARD -p tcp --dport 25 -j NFQUEUE --queue-num 0
///
///     stack=q:NFQUEUE,base:BASE,judge:LUA,v:VERDICT
///     [judge]
///     script=judge.lua
///
/// where judge.lua is
///
///     function filter(rec)
///       rec["nfq.verdict"] = rec["ip.saddr"] == "192.0.2.7" and "drop" or "accept"
///     end
///
/// The row of a packet, before BASE has looked into it:
///
///     nfq.id=1 nfq.res_id=0 nfq.size=84 raw.pktlen=84 raw.pktcount=1 oob.time.sec=1795311731 oob.mark=0 oob.ifindex_in=2
///     oob.hook=2 oob.family=2 oob.protocol=2048
#include <charconv>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "sources/netfilter/queue_source.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<QueueCopy>[] = {"meta", "packet"};
template <>
inline constexpr std::string_view choice_names<QueueFail>[] = {"open", "close"};
template <>
inline constexpr std::string_view choice_names<QueueDrop>[] = {"drop", "accept"};

namespace {

constexpr uint64_t ample_buffer = 32 << 20;
constexpr size_t most_queues = 256;

constexpr Option options[] = {
    option<&NfqueueConfig::queue>("queue", "0", "the queue that rules send to, or several as 0-3"),
    option<&NfqueueConfig::netns>("netns", "", "network namespace to take from, a name or a path; empty: one's own"),
    option<&NfqueueConfig::on_drop>("on_drop", "drop", "verdict of rows that a filter drops"),
    option<&NfqueueConfig::fail>("fail", "open",
                                 "verdict where none can be given: open lets packets go on, close drops them"),
    option<&NfqueueConfig::fail_open>("fail_open", "1",
                                      "with fail = open: packets that find the queue full go on, too"),
    option<&NfqueueConfig::patience>("patience", "2s",
                                     "how long a packet waits; then it gets that of fail; 0: for ever", {0, 3600e9}),
    option<&NfqueueConfig::length>("queue_length", "1024", "packets that wait in a queue at the most",
                                   {1, 4294967295.0}),
    option<&NfqueueConfig::copy_mode>("copy_mode", "packet", "what of a packet is copied; meta: only what is about it"),
    option<&NfqueueConfig::copy_range>("copy_range", "65531", "bytes of a packet that are copied at the most",
                                       {0, 65531}),
    option<&NfqueueConfig::gso>("gso", "0",
                                "packets as the machine holds them, up to 64 KiB, not yet cut for the wire"),
    option<&NfqueueConfig::uid_gid>("uid_gid", "1", "rows have user and group of the socket that sends"),
    option<&NfqueueConfig::attach_conntrack>("attach_conntrack", "0",
                                             "the kernel adds what it knows of the connection"),
    option<&NfqueueConfig::buffer>("netlink_socket_buffer_size", "4194304",
                                   "bytes that the socket holds; 0 is the system's default", {0, 1073741824}),
    option<&NfqueueConfig::buffer_most>("netlink_socket_buffer_maxsize", "0",
                                        "bytes up to which that grows when it was full; 0 is 32 MiB", {0, 1073741824}),
};

/// `5` or `0-3`.
void read_queues(NfqueueConfig& config) {
  const std::string& text = config.queue;
  size_t dash = text.find('-');
  auto number = [&](std::string_view part) {
    uint16_t value = 0;
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size()) {
      throw std::invalid_argument("queue: '" + text +
                                  "' is no queue; it takes a number up to 65535, or several as 0-3");
    }
    return value;
  };
  config.first = number(std::string_view(text).substr(0, dash));
  size_t last = dash == std::string::npos ? config.first : number(std::string_view(text).substr(dash + 1));
  if (last < config.first || last - config.first >= most_queues) {
    throw std::invalid_argument("queue: '" + text +
                                "' are no queues; it takes the lower one first, and 256 at the most");
  }
  config.queues = last - config.first + 1;
}

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<NfqueueConfig*>(raw);
  config.buffer_most = config.buffer_most == 0 ? ample_buffer : config.buffer_most;
  read_queues(config);
  LoggedRows::declare(wiring);
  // In the order of QueueKey.
  wiring.writes.push_back({"nfq.id", Type::Unsigned, "", "the packet's number in its queue", false});
  wiring.writes.push_back({"nfq.res_id", Type::Unsigned, "", "the queue", false});
  wiring.writes.push_back({"nfq.size", Type::Unsigned, "B", "the packet's size, be it that less was copied", false});
  wiring.writes.push_back({"nfq.line", Type::Unsigned, "", "for the sink verdict: the way back to this source", true});
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const NfqueueConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nfqueue;
const Plugin source_nfqueue = {
    .kind = Kind::Source,
    .name = "nfqueue",
    .doc = "Packets that rules send to a queue, and that wait for a verdict",
    .options = options,
    .primary = "queue",
    .config = config_type<NfqueueConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nfqueue, NfqueueConfig>,
};

}  // namespace stook
