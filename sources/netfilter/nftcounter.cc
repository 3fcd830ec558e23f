// SPDX-License-Identifier: Apache-2.0
/// nftcounter: the named counters and quotas of nftables, one row each and interval.
///
///     nft add counter inet filter http
///     nft add rule inet filter input tcp dport 80 counter name http
///
///     stack=counters:NFTCOUNTER,out:GRAPHITE
///     [counters]
///     pollinterval=10
///
/// The row of a counter has the keys of nfacct, and where it is:
///
///     sum.name=http sum.pkts=12 sum.bytes=1008 nft.family=inet nft.table=filter nft.object=counter
///
/// A quota has no `sum.pkts`, and `nft.quota`, its limit; `sum.bytes` is how much of it is used.
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <stdexcept>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sources/netfilter/nft_object.hh"
#include "sources/netfilter/polling_source.hh"
#include "sources/netfilter/seconds_option.hh"

namespace stook {

namespace {

struct NftcounterConfig {
  Duration pollinterval;
  bool zerocounter = false;
  bool timestamp = false;
  std::string table;
  std::string netns;
};

constexpr Option options[] = {
    seconds_option<&NftcounterConfig::pollinterval>("pollinterval", "0",
                                                    "how often counters are asked; a number is of seconds"),
    option<&NftcounterConfig::zerocounter>(
        "zerocounter", "0", "each answer begins anew, so that rows are of one interval; quotas are free again by that"),
    option<&NftcounterConfig::timestamp>("timestamp", "0", "rows have the time at which they were read"),
    option<&NftcounterConfig::table>("table", "", "only those of tables of this name; empty: of all"),
    option<&NftcounterConfig::netns>("netns", "", "network namespace to ask, a name or a path; empty: one's own"),
};

enum ObjectKey : size_t {
  key_name,
  key_packets,
  key_bytes,
  key_family,
  key_table,
  key_kind,
  key_limit,
  key_sec,
  key_usec
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  if (static_cast<const NftcounterConfig*>(raw)->pollinterval.ns < 10'000'000) {
    throw std::invalid_argument("pollinterval is not set; it takes how often counters are asked, as 60 or 500ms");
  }
  wiring.writes = {{"sum.name", Type::Text, "", "the name of the counter or quota", false},
                   {"sum.pkts", Type::Unsigned, "", "packets; of counters", false},
                   {"sum.bytes", Type::Unsigned, "B", "bytes; of a quota: how much of it is used", false},
                   {"nft.family", Type::Text, "", "the table's: inet, ip, ip6, arp, bridge or netdev", false},
                   {"nft.table", Type::Text, "", "the table", false},
                   {"nft.object", Type::Text, "", "counter or quota", false},
                   {"nft.quota", Type::Unsigned, "B", "the limit of a quota", false},
                   {"oob.time.sec", Type::Unsigned, "s", "when it was read, since 1970; with timestamp", false},
                   {"oob.time.usec", Type::Unsigned, "us", "the part of the second", false}};
}

constexpr uint16_t object_message = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWOBJ;
constexpr uint32_t kinds[] = {NFT_OBJECT_COUNTER, NFT_OBJECT_QUOTA};

/// *Rooms:* its front.
class Nftcounter final : public PollingSource {
 public:
  explicit Nftcounter(const NftcounterConfig& config)
      : PollingSource({config.netns, config.pollinterval.ns, "counters of nftables", "CONFIG_NF_TABLES", object_message,
                       std::size(kinds)}),
        config_(config) {}

 protected:
  NetlinkRequest probe() const override ROOM(front) {
    return {NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_ACK, AF_UNSPEC, 0, 1};
  }
  NetlinkRequest question(size_t list) const override ROOM(front) {
    int type = config_.zerocounter ? NFT_MSG_GETOBJ_RESET : NFT_MSG_GETOBJ;
    NetlinkRequest request(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP, AF_UNSPEC, 0, 1);
    if (!config_.table.empty()) {
      request.put(NFTA_OBJ_TABLE, {config_.table.c_str(), config_.table.size() + 1});
    }
    request.put32(NFTA_OBJ_TYPE, kinds[list]);
    return request;
  }
  bool put(Bundle& bundle, std::string_view body) override ROOM(front);

 private:
  const NftcounterConfig& config_;
};

bool Nftcounter::put(Bundle& bundle, std::string_view body) {
  NftObject object;
  if (!read_nft_object(body, object)) {
    return false;
  }
  Row row = bundle.append();
  auto set = [&](ObjectKey key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed().out(key); id != no_key) {
      bundle.put(id, row, cell);
    }
  };
  bool is_quota = object.type == NFT_OBJECT_QUOTA;
  set(key_name, Cell::of_text(bundle.arena().copy(object.name)));
  set(key_bytes, Cell::of_unsigned(object.bytes));
  set(is_quota ? key_limit : key_packets, Cell::of_unsigned(is_quota ? object.limit : object.packets));
  set(key_family, Cell::of_text(nft_family(object.family)));
  set(key_table, Cell::of_text(bundle.arena().copy(object.table)));
  set(key_kind, Cell::of_text(is_quota ? "quota" : "counter"));
  if (config_.timestamp) {
    auto now = static_cast<uint64_t>(wall_ns());
    set(key_sec, Cell::of_unsigned(now / 1'000'000'000));
    set(key_usec, Cell::of_unsigned(now % 1'000'000'000 / 1000));
  }
  return true;
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const NftcounterConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nftcounter;
const Plugin source_nftcounter = {
    .kind = Kind::Source,
    .name = "nftcounter",
    .doc = "The named counters and quotas of nftables, asked each interval",
    .options = options,
    .primary = "pollinterval",
    .config = config_type<NftcounterConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nftcounter, NftcounterConfig>,
};

}  // namespace stook
