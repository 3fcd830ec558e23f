// SPDX-License-Identifier: Apache-2.0
/// nfctst: what connection tracking has done, one row for each CPU and interval; the figures of `conntrack -S`.
///
///     stack=stats:NFCTST,out:JSON
///     [stats]
///     pollinterval=60
///
/// The row of a CPU:
///
///     nfct.stats.cpu=0 nfct.stats.found=12 nfct.stats.invalid=0 nfct.stats.insert=0 nfct.stats.insert_failed=0 nfct.stats.drop=0
///     nfct.stats.early_drop=0 nfct.stats.error=0 nfct.stats.search_restart=0 …
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <stdexcept>
#include <string>

#include "core/api/plugin.hh"
#include "sources/netfilter/attributes.hh"
#include "sources/netfilter/polling_source.hh"
#include "sources/netfilter/seconds_option.hh"

namespace stook {

namespace {

struct NfctstConfig {
  Duration pollinterval;
  std::string netns;
};

constexpr Option options[] = {
    seconds_option<&NfctstConfig::pollinterval>("pollinterval", "60", "how often the figures are asked for"),
    option<&NfctstConfig::netns>("netns", "", "network namespace to ask, a name or a path; empty: one's own"),
};

/// Keys in the order of CTA_STATS_*, whose numbers begin with 1.
struct Figure {
  const char* name;
  const char* doc;
};
constexpr Figure figures[] = {
    {"searched", "lookups; of kernels before 4.9"},
    {"found", "entries that a lookup has found"},
    {"new", "entries that were made; of kernels before 4.9"},
    {"invalid", "packets that belong to no connection and cannot begin one"},
    {"ignore", "packets that are not tracked; of kernels before 5.10"},
    {"delete", "entries that were taken away; of kernels before 4.9"},
    {"delete_list", "entries that were put aside; of kernels before 4.9"},
    {"insert", "entries that were put into the table"},
    {"insert_failed", "entries that found their place taken"},
    {"drop", "packets that were dropped, as there was no room for a connection"},
    {"early_drop", "connections that made room for others"},
    {"error", "packets with an error"},
    {"search_restart", "lookups that began anew, as the table changed"},
    {"clash_resolve", "entries that found an equal one, and gave way to it"},
    {"chaintoolong", "entries that were not made, as their chain was too long"},
};
constexpr size_t figure_count = std::size(figures);

void declare(void* raw, std::string_view, Wiring& wiring) {
  if (static_cast<const NfctstConfig*>(raw)->pollinterval.ns < 10'000'000) {
    throw std::invalid_argument("pollinterval is too short; it takes 10ms or more, as 60 or 500ms");
  }
  wiring.writes = {{"nfct.stats.cpu", Type::Unsigned, "", "the CPU", false}};
  for (const Figure& figure : figures) {
    wiring.writes.push_back({std::string("nfct.stats.") + figure.name, Type::Unsigned, "", figure.doc, false});
  }
}

/// *Rooms:* its front.
class Nfctst final : public PollingSource {
 public:
  explicit Nfctst(const NfctstConfig& config)
      : PollingSource({config.netns, config.pollinterval.ns, "what connection tracking has done",
                       "CONFIG_NF_CT_NETLINK", NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS_CPU}) {}

 protected:
  NetlinkRequest probe() const override ROOM(front) {
    return {NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, AF_UNSPEC, 0, 1};
  }
  NetlinkRequest question(size_t) const override ROOM(front) {
    return {NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP, AF_UNSPEC, 0, 1};
  }
  bool put(Bundle& bundle, std::string_view body) override ROOM(front) {
    if (body.size() < sizeof(nfgenmsg)) {
      return false;
    }
    uint64_t values[1 + figure_count] = {big<uint16_t>(body.data() + offsetof(nfgenmsg, res_id))};
    bool has[1 + figure_count] = {true};
    body.remove_prefix(sizeof(nfgenmsg));
    bool is_whole = for_each_attribute(body, [&](int type, std::string_view bytes) {
      uint32_t number = 0;
      if (type < 1 || type > static_cast<int>(figure_count)) {
        return true;
      }
      has[type] = take_number(bytes, number);
      values[type] = number;
      return has[type];
    });
    if (!is_whole) {
      return false;
    }
    Row row = bundle.append();
    for (size_t i = 0; i <= figure_count; i++) {
      if (KeyId id = feed().out(i); has[i] && id != no_key) {
        bundle.put(id, row, Cell::of_unsigned(values[i]));
      }
    }
    return true;
  }
};

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const NfctstConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nfctst;
const Plugin source_nfctst = {
    .kind = Kind::Source,
    .name = "nfctst",
    .doc = "What connection tracking has done on each CPU, asked each interval",
    .options = options,
    .primary = "pollinterval",
    .config = config_type<NfctstConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nfctst, NfctstConfig>,
};

}  // namespace stook
