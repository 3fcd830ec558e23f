// SPDX-License-Identifier: Apache-2.0
/// mirror: a group of sinks that get everything, each of them.
///
///   stack = in:TAIL, out:mirror(a:FILE, b:FILE, need = 1)
///
/// Rows are delivered when `need` members have them. A member that stops taking rows holds up the others for `wait`; then
/// they go on without it, and what it misses is counted as dropped{mirror} in its line of the report: nothing is kept for
/// it. It is asked again after `fail_back`. With `need` at the number of members none misses anything, and all wait.
///
/// A row that a member refuses is missed by that member alone, as long as `need` others take it.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "sinks/groups/offer_end.hh"
#include "sinks/groups/roster.hh"
#include "sinks/groups/taken.hh"

namespace stook {

namespace {
struct MirrorConfig {
  std::vector<std::string> members;
  uint64_t need = 1;
  Duration wait;
  std::string fail_back;
  int64_t fail_back_ns = 0;
};

constexpr std::array options = {
    option<&MirrorConfig::members>("members", required, "sinks that each get everything: a:FILE, b:FILE"),
    option<&MirrorConfig::need>("need", "1", "how many members must have a row before it counts as delivered", {1, 64}),
    option<&MirrorConfig::wait>("wait", "5s", "how long a member that stops taking rows holds up the others"),
    option<&MirrorConfig::fail_back>("fail_back", fail_back_text,
                                     "when a member that failed is asked again; never: when it is needed"),
};

void declare_mirror(void* raw, std::string_view, Wiring&) {
  auto& config = *static_cast<MirrorConfig*>(raw);
  config.fail_back_ns = read_fail_back(config.fail_back);
  if (config.need > config.members.size()) {
    throw std::invalid_argument("need: more than there are members; it takes 1 to " +
                                std::to_string(config.members.size()));
  }
}

/// *Invariants:* done_[i] is set while member i has all rows up to there and the group has not finished them.
class Mirror final : public Sink {
 public:
  Mirror(const MirrorConfig& config, const Make& make)
      : config_(config),
        roster_(make.id, make.members, config.fail_back_ns, make.clock),
        done_(roster_.size()),
        refused_(roster_.size()),
        touched_(roster_.size()),
        taken_(roster_.size()),
        answers_(roster_.size()) {}

  void open() override ROOM(carrier) { roster_.open(); }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    std::fill(answers_.begin(), answers_.end(), Answer::None);
    for (bool is_needed : {false, true}) {
      for (size_t i = 0; i < roster_.size(); i++) {
        bool is_worth = is_needed ? count(Answer::Done) < config_.need : is_asked(i);
        if (answers_[i] == Answer::None && (done_[i] || is_worth)) {
          answers_[i] = ask(i, shipment);
        }
      }
    }
    return end(shipment);
  }

  std::string reason() const override ROOM(carrier) { return roster_.reason(); }
  bool refuses_all() const override ROOM(carrier) { return refuses_all_; }
  void forget(Shipment shipment) override ROOM(carrier) { settle(shipment); }
  size_t shipment_bytes() const override ROOM(carrier) { return roster_.shipment_bytes(); }
  void reopen() override ROOM(carrier) { roster_.reopen(); }
  int64_t next_time() override ROOM(carrier) { return roster_.next_time(); }
  void on_time(int64_t now) override ROOM(carrier) { roster_.on_time(now); }
  void close() override ROOM(carrier) { roster_.close(); }

 private:
  /// Of one member to the offer at hand. Refused: final, for it stands alone or all is refused. Split: may be taken in pieces.
  enum class Answer : uint8_t { None, Done, Failed, Refused, RefusesAll, Split };

  size_t count(Answer answer) const ROOM(carrier) {
    return static_cast<size_t>(std::count(answers_.begin(), answers_.end(), answer));
  }
  // It works, it has not failed for long, or it is time to see whether it works again.
  bool is_asked(size_t i) const ROOM(carrier) {
    return !roster_.is_failing(i) || is_waited_for(i) || (roster_.is_due(i) && roster_.may_return());
  }
  bool is_waited_for(size_t i) const ROOM(carrier) {
    return roster_.is_failing(i) && !roster_.refuses_all(i) &&
           roster_.now() - roster_.failing_since(i) < config_.wait.ns;
  }

  Answer ask(size_t i, Shipment shipment) ROOM(carrier) {
    if (done_[i]) {
      return recall(i, shipment);
    }
    OfferEnd end = OfferEnd::end_of(shipment);
    if (refused_[i] == end) {
      return Answer::Refused;
    }
    switch (roster_.offer(i, shipment)) {
      case Outcome::Done:
        done_[i] = end;
        return Answer::Done;
      case Outcome::Refused:
        if (roster_.refuses_all(i)) {
          return Answer::RefusesAll;
        }
        if (!roster_.refused_rows(i).empty()) {
          taken_[i].begin(shipment, roster_.refused_rows(i));
          done_[i] = end;
          return Answer::Split;
        }
        if (stands_alone(shipment)) {
          refused_[i] = end;
          return Answer::Refused;
        }
        touched_[i] = end;
        return Answer::Split;
      default:
        touched_[i] = end;
        return Answer::Failed;
    }
  }

  // It has the rows, but for those that it named.
  Answer recall(size_t i, Shipment shipment) ROOM(carrier) {
    Taken::Share share = taken_[i] ? taken_[i].look(shipment) : Taken::Share::All;
    if (share == Taken::Share::Lone) {
      roster_.refuse(i, taken_[i].reason());
      return Answer::Refused;
    }
    return share == Taken::Share::All ? Answer::Done : Answer::Split;
  }

  Outcome end(Shipment shipment) ROOM(carrier) {
    refuses_all_ = false;
    size_t done = count(Answer::Done);
    if (count(Answer::Split) > 0) {
      return Outcome::Refused;
    }
    size_t refusing = count(Answer::Refused) + count(Answer::RefusesAll);
    if (roster_.size() - refusing < config_.need) {
      refuses_all_ = count(Answer::RefusesAll) == refusing;
      settle(shipment);
      return Outcome::Refused;
    }
    bool is_waiting = false;
    for (size_t i = 0; i < roster_.size(); i++) {
      is_waiting = is_waiting || (answers_[i] == Answer::Failed && is_waited_for(i));
    }
    if (done < config_.need || is_waiting) {
      return Outcome::Again;
    }
    for (size_t i = 0; i < roster_.size(); i++) {
      if (answers_[i] != Answer::Done) {
        miss(i, shipment);
      }
    }
    settle(shipment);
    return Outcome::Done;
  }

  void miss(size_t i, Shipment shipment) ROOM(carrier) {
    for (const Payload* payload : shipment) {
      roster_.meter(i).missed_rows.add(payload->rows());
    }
  }

  // The shipment is final.
  void settle(Shipment shipment) ROOM(carrier) {
    OfferEnd end = OfferEnd::end_of(shipment);
    for (size_t i = 0; i < roster_.size(); i++) {
      if (touched_[i]) {
        roster_.forget(i, shipment);
      }
      touched_[i] = touched_[i] == end ? OfferEnd() : touched_[i];
      done_[i] = done_[i] == end ? OfferEnd() : done_[i];
      refused_[i] = OfferEnd();
      taken_[i].settle(shipment);
    }
  }

  const MirrorConfig& config_;
  bool refuses_all_ OWNED(carrier) = false;
  Roster roster_ OWNED(carrier);
  std::vector<OfferEnd> done_ OWNED(carrier);
  std::vector<OfferEnd> refused_ OWNED(carrier);  // the row at hand
  std::vector<OfferEnd> touched_ OWNED(carrier);  // up to here the member may have taken a part
  std::vector<Taken> taken_ OWNED(carrier);
  std::vector<Answer> answers_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Mirror>(*static_cast<const MirrorConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_mirror;
const Plugin sink_mirror = {
    .kind = Kind::Sink,
    .name = "mirror",
    .doc = "a group of sinks that each get everything",
    .options = options,
    .primary = "members",
    .config = config_type<MirrorConfig>,
    .declare = declare_mirror,
    .needs = needs_nothing,
    .sink = make,
    .is_group = true,
};

}  // namespace stook
