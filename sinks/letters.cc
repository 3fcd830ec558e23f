// SPDX-License-Identifier: Apache-2.0
/// letters: sets rows aside, as letters that `stook letters` lists, shows, exports and replays.
///
/// The end of a stack for rows that nobody may deliver as they are. `on_error = letters` at a filter makes one of these.
/// They lie in the folder that `letters` in [global] names, or `state_dir`, and are counted as letters, not as delivered.
///
///   stack = in:FILE, parse_json(on_error = letters), out:FILE
///
///   $ stook letters list /var/lib/stook/letters
///   sink     letters  rows  first                     last                      reason
///   letters       12    12  2026-11-21T03:38:00.120Z  2026-11-21T03:39:10.004Z  failed in 'parse_json'
#include <array>

#include "core/api/plugin.hh"

namespace stook {

namespace {
struct LettersConfig {
  std::string reason;
};

constexpr std::array options = {
    option<&LettersConfig::reason>("reason", "set aside by its stack", "why these rows become letters")};

/// Takes nothing, so that its delivery makes letters of everything.
class SetAside final : public Sink {
 public:
  explicit SetAside(const LettersConfig& config) : config_(config) {}
  void open() override ROOM(carrier) {}
  Outcome deliver(Shipment) override ROOM(carrier) { return Outcome::Refused; }
  bool refuses_all() const override ROOM(carrier) { return true; }
  std::string reason() const override ROOM(carrier) { return config_.reason; }

 private:
  const LettersConfig& config_;
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.becomes_letters = true;
}
}  // namespace

extern const Plugin sink_letters;
const Plugin sink_letters = {
    .kind = Kind::Sink,
    .name = "letters",
    .doc = "sets rows aside as letters, for people to look at",
    .options = options,
    .primary = "reason",
    .config = config_type<LettersConfig>,
    .declare = declare,
    .needs = needs_nothing,
    .sink = make_sink<SetAside, LettersConfig>,
    .format = "json",
};

}  // namespace stook
