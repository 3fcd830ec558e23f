// SPDX-License-Identifier: Apache-2.0
/// failover: a group of sinks of which one is used, and the next when it fails.
///
///   stack = in:TAIL, out:failover(a:FILE, b:FILE, last = c:FILE)
///   [a]
///   path = /srv/a.log
///
/// The first member that works gets everything. When it fails, the shipment at hand and all that follow go to the next
/// one; when all fail, to `last`; when that fails too, they wait. A member that failed is asked again after `fail_back`,
/// and used again if it works; with `never` whoever works stays in use, yet nobody stays with `last`.
///
/// With `start_by = KEY` the value of that key decides which member is the first for a row, and it is always the same one:
/// members share the work, and stand in for each other.
///
/// A row comes twice only when a member took a part of a shipment before it failed, and the next one then took all of it.
#include <array>

#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "sinks/groups/divider.hh"
#include "sinks/groups/offer_end.hh"
#include "sinks/groups/relay.hh"
#include "sinks/groups/roster.hh"

namespace stook {

namespace {
struct FailoverConfig {
  std::vector<std::string> members;
  std::string last;
  std::string start_by;
  std::string fail_back;
  int64_t fail_back_ns = 0;
};

constexpr std::array options = {
    option<&FailoverConfig::members>("members", required, "sinks, in the order in which they are used: a:FILE, b:FILE"),
    option<&FailoverConfig::last>("last", "", "a sink for the time when all members fail"),
    option<&FailoverConfig::start_by>("start_by", "", "key whose value decides which member is the first for a row"),
    option<&FailoverConfig::fail_back>("fail_back", fail_back_text,
                                       "when a member that failed is asked again; never: when the others fail"),
};

void declare_failover(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<FailoverConfig*>(raw);
  config.fail_back_ns = read_fail_back(config.fail_back);
  if (!config.start_by.empty()) {
    wiring.address = "${" + config.start_by + "}";
  }
}

/// *Invariants:* done_[i] is set while the rows that begin with member i are final up to there and others are not.
class Failover final : public Sink {
 public:
  Failover(const FailoverConfig& config, const Make& make)
      : id_(make.id),
        by_key_(!config.start_by.empty()),
        roster_(make.id, make.members, config.fail_back_ns, make.clock),
        divider_(roster_.size() - (config.last.empty() ? 0 : 1)) {
    size_t turns = by_key_ ? roster_.size() - (config.last.empty() ? 0 : 1) : 1;
    for (size_t i = 0; i < turns; i++) {
      relays_.emplace_back(roster_, !config.last.empty());
    }
    done_.resize(turns);
  }

  void open() override ROOM(carrier) { roster_.open(); }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    if (by_key_) {
      return deliver_by_key(shipment);
    }
    Outcome outcome = deliver_from(0, shipment);
    refuses_all_ = relays_[0].refuses_all();
    return outcome;
  }

  std::string reason() const override ROOM(carrier) { return roster_.reason(); }
  bool refuses_all() const override ROOM(carrier) { return refuses_all_; }

  void forget(Shipment shipment) override ROOM(carrier) {
    if (!by_key_) {
      relays_[0].forget(shipment);
      return;
    }
    divider_.divide(shipment);
    for (size_t i = 0; i < relays_.size(); i++) {
      if (!done_[i] && !divider_.share(i).empty()) {
        relays_[i].forget(divider_.share(i));
      }
    }
    settle(shipment);
  }

  size_t shipment_bytes() const override ROOM(carrier) { return roster_.shipment_bytes(); }
  void reopen() override ROOM(carrier) { roster_.reopen(); }
  int64_t next_time() override ROOM(carrier) { return roster_.next_time(); }
  void on_time(int64_t now) override ROOM(carrier) { roster_.on_time(now); }
  void close() override ROOM(carrier) { roster_.close(); }

 private:
  Outcome deliver_from(size_t first, Shipment shipment) ROOM(carrier) {
    Relay& relay = relays_[first];
    size_t former = relay.used();
    Outcome outcome = relay.deliver(shipment, first);
    size_t used = relay.used();
    if (used != former) {
      move(former, used);
    }
    return outcome;
  }

  void move(size_t from, size_t to) ROOM(carrier) {
    Gauge& users = roster_.meter(to).users;
    users.set(users.read() + 1);
    if (from == SIZE_MAX) {
      return;
    }
    Gauge& former = roster_.meter(from).users;
    former.set(former.read() - 1);
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Warning, "group_moved",
                Fields()("instance", id_)("from", roster_.name(from))("to", roster_.name(to))(
                    "reason", roster_.is_failing(from) ? roster_.reason(from) : "it works again")("suppressed",
                                                                                                  pass.suppressed));
    }
  }

  Outcome deliver_by_key(Shipment shipment) ROOM(carrier) {
    divider_.divide(shipment);
    bool is_refused = false;
    refuses_all_ = true;
    Outcome failure = Outcome::Done;
    for (size_t i = 0; i < relays_.size(); i++) {
      Shipment share = divider_.share(i);
      if (share.empty() || done_[i]) {
        refuses_all_ = refuses_all_ && !done_[i];
        continue;
      }
      Outcome outcome = deliver_from(i, share);
      refuses_all_ = refuses_all_ && outcome == Outcome::Refused && relays_[i].refuses_all();
      is_refused = is_refused || outcome == Outcome::Refused;
      if (outcome == Outcome::Done) {
        done_[i] = OfferEnd::end_of(shipment);
      } else if (outcome != Outcome::Refused) {
        failure = failure == Outcome::Done || failure == outcome ? outcome : Outcome::Again;
      }
    }
    bool is_alone = stands_alone(shipment);
    if (failure != Outcome::Done && (!is_refused || is_alone)) {
      return failure;
    }
    if (!is_refused || is_alone || refuses_all_) {
      settle(shipment);
    }
    return is_refused ? Outcome::Refused : Outcome::Done;
  }

  // The shipment is final.
  void settle(Shipment shipment) ROOM(carrier) {
    OfferEnd end = OfferEnd::end_of(shipment);
    for (OfferEnd& done : done_) {
      done = done == end ? OfferEnd() : done;
    }
    divider_.release(shipment);
  }

  std::string id_;
  bool by_key_;
  bool refuses_all_ OWNED(carrier) = false;
  Roster roster_ OWNED(carrier);
  Divider divider_ OWNED(carrier);
  std::vector<Relay> relays_ OWNED(carrier);  // by the first member; without start_by one
  std::vector<OfferEnd> done_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Failover>(*static_cast<const FailoverConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_failover;
const Plugin sink_failover = {
    .kind = Kind::Sink,
    .name = "failover",
    .doc = "a group of sinks: one is used, and the next when it fails",
    .options = options,
    .primary = "members",
    .config = config_type<FailoverConfig>,
    .declare = declare_failover,
    .needs = needs_nothing,
    .sink = make,
    .is_group = true,
};

}  // namespace stook
