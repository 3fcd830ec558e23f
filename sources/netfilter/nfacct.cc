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
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_acct.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/base/status.hh"
#include "sources/netfilter/attributes.hh"
#include "sources/netfilter/netlink_source.hh"

namespace stook {

namespace {

struct NfacctConfig {
  Duration pollinterval;
  bool zerocounter = true;
  bool timestamp = false;
  std::string netns;
};

constexpr int64_t second = 1'000'000'000;
constexpr size_t largest_answer = 64 * 1024;
constexpr uint16_t counter_message = NFNL_SUBSYS_ACCT << 8 | NFNL_MSG_ACCT_NEW;

/// ulogd's number is of seconds.
constexpr Option poll_option() {
  Option row = option<&NfacctConfig::pollinterval>(
      "pollinterval", "0", "how often counters are asked; a number is of seconds", {0, 86400e9 * 365});
  row.assign = [](void* config, std::string_view text, const Option& self, std::string& why) {
    bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    return detail::assign_value(static_cast<NfacctConfig*>(config)->pollinterval,
                                is_number ? std::string(text) + "s" : std::string(text), self, why);
  };
  return row;
}

constexpr Option options[] = {
    poll_option(),
    option<&NfacctConfig::zerocounter>("zerocounter", "1", "each answer begins anew, so that rows are of one interval"),
    option<&NfacctConfig::timestamp>("timestamp", "0", "rows have the time at which they were read"),
    option<&NfacctConfig::netns>("netns", "", "network namespace to ask, a name or a path; empty: one's own"),
};

enum SumKey : size_t { sum_name, sum_pkts, sum_bytes, sum_raw, time_sec, time_usec };

void declare(void* raw, std::string_view, Wiring& wiring) {
  if (static_cast<const NfacctConfig*>(raw)->pollinterval.ns < second / 100) {
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
class Nfacct final : public NetlinkSource {
 public:
  explicit Nfacct(const NfacctConfig& config) : NetlinkSource(largest_answer), config_(config) {}

  void start(Feed& feed) override ROOM(front) {
    attach(feed);
    socket_.open(config_.netns);
    // A question without a name is refused in any case, and to those who may not ask as EPERM.
    NetlinkRequest probe(NFNL_SUBSYS_ACCT << 8 | NFNL_MSG_ACCT_GET, NLM_F_ACK, AF_UNSPEC, 0, 1);
    if (int error = socket_.ask(probe, 1); error == EPERM) {
      throw_no_capability("cannot ask netfilter for its counters", error);
    }
    watch();
    timer_.on_time<&Nfacct::ask>(feed.loop(), this, config_.pollinterval.ns, config_.pollinterval.ns);
  }
  void stop() override ROOM(front) {
    timer_.stop();
    NetlinkSource::stop();
  }

 protected:
  bool take(const NetlinkMessage& message) override ROOM(front);
  void overrun() override ROOM(front) { grow_buffer(32 << 20); }
  void failed(int error) override ROOM(front) { complain(error); }
  bool is_row(const NetlinkMessage& message) const override ROOM(front) { return message.type == counter_message; }

 private:
  void ask() ROOM(front);
  void complain(int error) ROOM(front);
  void put(Bundle& bundle, std::string_view body) ROOM(front);

  const NfacctConfig& config_;
  Watcher timer_ OWNED(front);
  LogLimit limit_;
};

/// Called each interval.
void Nfacct::ask() {
  uint16_t type = config_.zerocounter ? NFNL_MSG_ACCT_GET_CTRZERO : NFNL_MSG_ACCT_GET;
  NetlinkRequest request(static_cast<uint16_t>(NFNL_SUBSYS_ACCT << 8 | type), NLM_F_DUMP, AF_UNSPEC, 0, 1);
  if (!socket_.send(request)) {
    complain(errno);
  }
}

void Nfacct::complain(int error) {
  if (auto pass = limit_.pass()) {
    const char* more = error == EPERM    ? "; CAP_NET_ADMIN is missing"
                       : error == EINVAL ? "; the kernel lacks CONFIG_NETFILTER_NETLINK_ACCT"
                                         : "";
    log_event(Level::Warning, "nfacct_unanswered",
              Fields()("instance", feed().id())("reason", std::strerror(error) + std::string(more))("suppressed",
                                                                                                    pass.suppressed));
  }
}

bool Nfacct::take(const NetlinkMessage& message) {
  if (message.type == NLMSG_ERROR && message.error != 0) {
    complain(message.error);
  }
  if (!is_row(message)) {
    return true;
  }
  Bundle* bundle = feed().bundle();
  if (bundle == nullptr) {
    return false;
  }
  put(*bundle, message.body);
  return true;
}

void Nfacct::put(Bundle& bundle, std::string_view body) {
  std::string_view name;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  body.remove_prefix(std::min(body.size(), sizeof(nfgenmsg)));
  bool is_whole = for_each_attribute(body, [&](int type, std::string_view value) {
    name = type == NFACCT_NAME ? value.substr(0, value.find('\0')) : name;
    return type == NFACCT_PKTS ? take_number(value, packets) : type == NFACCT_BYTES ? take_number(value, bytes) : true;
  });
  if (!is_whole) {
    feed().lose(Loss::Unreadable, 1);
    return;
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
    .source = make_source<Nfacct, NfacctConfig>,
};

}  // namespace stook
