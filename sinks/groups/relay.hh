// SPDX-License-Identifier: Apache-2.0
/// Brings what a group is offered to one of its members: to the first one, in the order at hand, that takes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/api/sink.hh"
#include "sinks/groups/offer_end.hh"
#include "sinks/groups/roster.hh"
#include "sinks/groups/taken.hh"

namespace stook {

/// Asks members that work, and those whose time has come to show that they do again; then `last`; then, as nobody is left,
/// all others. A row that one of them refuses alone is offered to the next.
///
/// Rows come twice only so: a member took a part of a shipment, failed, and another took all of it. The pieces of a
/// refused shipment stay with the member that refused it, which knows how far it got. Where it named the rows that it
/// refused, only these are offered, to the others.
/// *Rooms:* its sink's carrier.
class Relay {
 public:
  /// `has_last`: the roster's last one is asked after all others have failed.
  Relay(Roster& roster, bool has_last);

  /// Offers it to the members in turn, `first` and those behind it before those in front of it. Final when the answer is
  /// Done, or Refused of what stands alone, or `refuses_all`; else the same is offered again.
  Outcome deliver(Shipment shipment, size_t first) ROOM(carrier);
  /// What was not final is not offered again.
  void forget(Shipment shipment) ROOM(carrier);
  /// The last Refused holds for all rows.
  bool refuses_all() const { return refuses_all_; }

  /// Who took the last shipment because it was the first that works; SIZE_MAX before there was one.
  size_t used() const { return used_; }

 private:
  enum class Pass : uint8_t { Working, Last, Others };
  bool may_ask(size_t i, Pass pass) const ROOM(carrier);
  Outcome ask(size_t i, Shipment shipment) ROOM(carrier);
  void take_part(size_t i, Shipment shipment) ROOM(carrier);
  Outcome end(Shipment shipment) ROOM(carrier);
  void settle(Shipment shipment, size_t taker) ROOM(carrier);

  Roster& roster_;
  size_t regular_;  // members but for `last`
  // Of the offer at hand.
  std::vector<bool> asked_;
  bool was_refused_ = false;  // alone, by a regular member
  bool all_refuse_all_ = true;
  Outcome failure_ = Outcome::Done;  // what those say that fail, Again when they do not agree
  bool refuses_all_ = false;

  OfferEnd pin_;  // up to here everything is offered to pinned_ first
  size_t pinned_ = 0;
  Taken taken_;  // by taker_, of an offer that comes again in pieces
  size_t taker_ = 0;
  std::vector<OfferEnd> touched_;  // up to here the member may have taken a part
  size_t used_ = SIZE_MAX;
};

}  // namespace stook
