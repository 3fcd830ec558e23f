// SPDX-License-Identifier: Apache-2.0
/// nfacct: the kernel's named counters of packets and bytes, asked each interval; ulogd's NFACCT.
///
///     nfacct add http
///     iptables -A INPUT -p tcp --dport 80 -m nfacct --nfacct-name http
///
///     stack=acct1:NFACCT,gp1:GPRINT
///     [acct1]
///     pollinterval=2
///
/// The row of a counter:
///
///     sum.name=http sum.pkts=12 sum.bytes=1008
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_acct.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sources/netfilter/attributes.hh"
#include "sources/netfilter/polling_source.hh"
#include "sources/netfilter/seconds_option.hh"

namespace stook {

namespace {

struct NfacctConfig {
  Duration pollinterval;
  bool zerocounter = true;
  bool timestamp = false;
  std::string netns;
};

constexpr uint16_t counter_message = NFNL_SUBSYS_ACCT << 8 | NFNL_MSG_ACCT_NEW;

constexpr Option options[] = {
    seconds_option<&NfacctConfig::pollinterval>("pollinterval", "0",
                                                "how often counters are asked; a number is of seconds"),
    option<&NfacctConfig::zerocounter>("zerocounter", "1", "each answer begins anew, so that rows are of one interval"),
    option<&NfacctConfig::timestamp>("timestamp", "0", "rows have the time at which they were read"),
    option<&NfacctConfig::netns>("netns", "", "network namespace to ask, a name or a path; empty: one's own"),
};

enum SumKey : size_t { sum_name, sum_pkts, sum_bytes, sum_raw, time_sec, time_usec };

void declare(void* raw, std::string_view, Wiring& wiring) {
  if (static_cast<const NfacctConfig*>(raw)->pollinterval.ns < 10'000'000) {
    throw std::invalid_argument("pollinterval is not set; it takes how often counters are asked, as 60 or 500ms");
  }
  wiring.writes = {{"sum.name", Type::Text, "", "the counter's name", false},
                   {"sum.pkts", Type::Unsigned, "", "packets", false},
                   {"sum.bytes", Type::Unsigned, "B", "bytes", false},
                   {"sum", Type::Bytes, "", "the counter as attributes of nfnetlink_acct", true},
                   {"oob.time.sec", Type::Unsigned, "s", "when it was read, since 1970; with timestamp", false},
                   {"oob.time.usec", Type::Unsigned, "us", "the part of the second", false}};
}

/// *Rooms:* its front.
class Nfacct final : public PollingSource {
 public:
  explicit Nfacct(const NfacctConfig& config)
      : PollingSource({config.netns, config.pollinterval.ns, "netfilter's counters", "CONFIG_NETFILTER_NETLINK_ACCT",
                       counter_message}),
        config_(config) {}

 protected:
  /// A question without a name is refused in any case, and to those who may not ask as EPERM.
  NetlinkRequest probe() const override ROOM(front) {
    return {NFNL_SUBSYS_ACCT << 8 | NFNL_MSG_ACCT_GET, NLM_F_ACK, AF_UNSPEC, 0, 1};
  }
  NetlinkRequest question(size_t) const override ROOM(front) {
    int type = config_.zerocounter ? NFNL_MSG_ACCT_GET_CTRZERO : NFNL_MSG_ACCT_GET;
    return {static_cast<uint16_t>(NFNL_SUBSYS_ACCT << 8 | type), NLM_F_DUMP, AF_UNSPEC, 0, 1};
  }
  bool put(Bundle& bundle, std::string_view body) override ROOM(front);

 private:
  const NfacctConfig& config_;
};

bool Nfacct::put(Bundle& bundle, std::string_view body) {
  std::string_view name;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  body.remove_prefix(std::min(body.size(), sizeof(nfgenmsg)));
  bool is_whole = for_each_attribute(body, [&](int type, std::string_view value) {
    name = type == NFACCT_NAME ? value.substr(0, value.find('\0')) : name;
    return type == NFACCT_PKTS ? take_number(value, packets) : type == NFACCT_BYTES ? take_number(value, bytes) : true;
  });
  if (!is_whole) {
    return false;
  }
  Row row = bundle.append();
  auto set = [&](SumKey key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed().out(key); id != no_key) {
      bundle.put(id, row, cell);
    }
  };
  set(sum_name, Cell::of_text(bundle.arena().copy(name)));
  set(sum_pkts, Cell::of_unsigned(packets));
  set(sum_bytes, Cell::of_unsigned(bytes));
  if (feed().out(sum_raw) != no_key) {
    set(sum_raw, Cell::of_slice(Type::Bytes, bundle.arena().copy(body)));
  }
  if (config_.timestamp) {
    auto now = static_cast<uint64_t>(wall_ns());
    set(time_sec, Cell::of_unsigned(now / 1'000'000'000));
    set(time_usec, Cell::of_unsigned(now % 1'000'000'000 / 1000));
  }
  return true;
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const NfacctConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nfacct;
const Plugin source_nfacct = {
    .kind = Kind::Source,
    .name = "nfacct",
    .doc = "The kernel's named counters of packets and bytes, asked each interval",
    .options = options,
    .primary = "pollinterval",
    .config = config_type<NfacctConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nfacct, NfacctConfig>,
};

}  // namespace stook
