// SPDX-License-Identifier: Apache-2.0
/// balance: a group of sinks that take shipments in turn.
///
///   stack = in:TAIL, out:balance(a:FILE, b:FILE)
///
/// Whole shipments go to the members that work, one after the other; the rows of a source keep their order within each
/// member only. A member that fails is left out, and asked again after `fail_back`. When all fail, rows wait.
///
/// A row comes twice only when a member took a part of a shipment before it failed, and another then took all of it.
#include <array>

#include "core/api/plugin.hh"
#include "sinks/groups/relay.hh"
#include "sinks/groups/roster.hh"

namespace stook {

namespace {
struct BalanceConfig {
  std::vector<std::string> members;
  std::string fail_back;
  int64_t fail_back_ns = 0;
};

constexpr std::array options = {
    option<&BalanceConfig::members>("members", required, "sinks that share the work: a:FILE, b:FILE"),
    option<&BalanceConfig::fail_back>("fail_back", fail_back_text,
                                      "when a member that failed is asked again; never: when the others fail"),
};

void declare_balance(void* raw, std::string_view, Wiring&) {
  auto& config = *static_cast<BalanceConfig*>(raw);
  config.fail_back_ns = read_fail_back(config.fail_back);
}

class Balance final : public Sink {
 public:
  Balance(const BalanceConfig& config, const Make& make)
      : roster_(make.id, make.members, config.fail_back_ns, make.clock), relay_(roster_, false) {}

  void open() override ROOM(carrier) { roster_.open(); }
  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    Outcome outcome = relay_.deliver(shipment, turn_);
    turn_ = outcome == Outcome::Done ? (turn_ + 1) % roster_.size() : turn_;
    return outcome;
  }
  std::string reason() const override ROOM(carrier) { return roster_.reason(); }
  bool refuses_all() const override ROOM(carrier) { return relay_.refuses_all(); }
  void forget(Shipment shipment) override ROOM(carrier) { relay_.forget(shipment); }
  size_t shipment_bytes() const override ROOM(carrier) { return roster_.shipment_bytes(); }
  void reopen() override ROOM(carrier) { roster_.reopen(); }
  int64_t next_time() override ROOM(carrier) { return roster_.next_time(); }
  void on_time(int64_t now) override ROOM(carrier) { roster_.on_time(now); }
  void close() override ROOM(carrier) { roster_.close(); }

 private:
  Roster roster_ OWNED(carrier);
  Relay relay_ OWNED(carrier);
  size_t turn_ OWNED(carrier) = 0;
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Balance>(*static_cast<const BalanceConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_balance;
const Plugin sink_balance = {
    .kind = Kind::Sink,
    .name = "balance",
    .doc = "a group of sinks that take shipments in turn",
    .options = options,
    .primary = "members",
    .config = config_type<BalanceConfig>,
    .declare = declare_balance,
    .needs = needs_nothing,
    .sink = make,
    .is_group = true,
};

}  // namespace stook
