// SPDX-License-Identifier: Apache-2.0
#include "sinks/groups/relay.hh"

#include <algorithm>

namespace stook {

Relay::Relay(Roster& roster, bool has_last)
    : roster_(roster),
      regular_(roster.size() - (has_last ? 1 : 0)),
      asked_(roster.size(), false),
      touched_(roster.size()) {}

Outcome Relay::deliver(Shipment shipment, size_t first) {
  std::fill(asked_.begin(), asked_.end(), false);
  was_refused_ = false;
  all_refuse_all_ = true;
  refuses_all_ = false;
  failure_ = Outcome::Done;
  Taken::Share share = taken_ ? taken_.look(shipment) : Taken::Share::Lone;
  if (taken_ && share == Taken::Share::All) {
    settle(shipment, taker_);
    return Outcome::Done;
  }
  if (taken_ && share == Taken::Share::Some) {
    return Outcome::Refused;
  }
  if (taken_) {
    asked_[taker_] = true;
    was_refused_ = taker_ < regular_;
    all_refuse_all_ = false;
    roster_.refuse(taker_, taken_.reason());
  }
  first = pin_ && pinned_ < regular_ ? pinned_ : first;
  for (Pass pass : {Pass::Working, Pass::Last, Pass::Others}) {
    if (refuses_all_) {
      break;  // the last word of `last`
    }
    size_t begin = pass == Pass::Last ? regular_ : 0;
    size_t end = pass == Pass::Last ? roster_.size() : regular_;
    for (size_t k = begin; k < end; k++) {
      size_t i = pass == Pass::Last ? k : (first + k) % regular_;
      if (!may_ask(i, pass)) {
        continue;
      }
      Outcome outcome = ask(i, shipment);
      if (outcome == Outcome::Done) {
        settle(shipment, i);
        used_ = was_refused_ ? used_ : i;
        return outcome;
      }
      if (outcome == Outcome::Refused) {
        return outcome;
      }
    }
  }
  return end(shipment);
}

// While a refused shipment comes in pieces nobody is tried who may fail.
bool Relay::may_ask(size_t i, Pass pass) const {
  if (asked_[i]) {
    return false;
  }
  if (pass != Pass::Working || !roster_.is_failing(i) || (pin_ && i == pinned_)) {
    return true;
  }
  return roster_.is_due(i) && !pin_ && (roster_.may_return() || !roster_.has_working(regular_));
}

// Refused: to be offered in pieces. Again: the next one is asked.
Outcome Relay::ask(size_t i, Shipment shipment) {
  asked_[i] = true;
  Outcome outcome = roster_.offer(i, shipment);
  if (outcome == Outcome::Done) {
    return outcome;
  }
  bool is_last = i >= regular_;
  bool refuses_all = roster_.refuses_all(i);
  all_refuse_all_ = all_refuse_all_ && refuses_all;
  refuses_all_ = refuses_all_ || (is_last && refuses_all);
  if (outcome == Outcome::Refused && !refuses_all && !roster_.refused_rows(i).empty()) {
    take_part(i, shipment);
    return outcome;
  }
  if (outcome == Outcome::Refused && !refuses_all && stands_alone(shipment)) {
    was_refused_ = was_refused_ || !is_last;
    return Outcome::Again;
  }
  touched_[i] = OfferEnd::end_of(shipment);
  if (outcome == Outcome::Refused && !refuses_all) {
    pin_ = touched_[i];
    pinned_ = i;
    return outcome;
  }
  if (!refuses_all) {
    failure_ = failure_ == Outcome::Done || failure_ == outcome ? outcome : Outcome::Again;
  }
  return Outcome::Again;
}

// It took all but some rows, which come alone once the shipment comes in pieces.
void Relay::take_part(size_t i, Shipment shipment) {
  taken_.begin(shipment, roster_.refused_rows(i));
  taker_ = i;
  used_ = i;
  OfferEnd end = OfferEnd::end_of(shipment);
  for (size_t k = 0; k < touched_.size(); k++) {
    if (touched_[k] && k != i) {
      roster_.forget(k, shipment);
    }
    touched_[k] = touched_[k] == end ? OfferEnd() : touched_[k];
  }
}

// Nobody took it. What `last` alone refuses waits for the others, who may want it.
Outcome Relay::end(Shipment shipment) {
  refuses_all_ = refuses_all_ || all_refuse_all_;
  if (was_refused_ || refuses_all_) {
    settle(shipment, roster_.size());
    return Outcome::Refused;
  }
  return failure_ == Outcome::Done ? Outcome::Again : failure_;
}

void Relay::settle(Shipment shipment, size_t taker) {
  OfferEnd end = OfferEnd::end_of(shipment);
  for (size_t i = 0; i < touched_.size(); i++) {
    if (!touched_[i]) {
      continue;
    }
    if (i != taker) {
      roster_.forget(i, shipment);
    }
    touched_[i] = touched_[i] == end ? OfferEnd() : touched_[i];
  }
  pin_ = pin_ == end ? OfferEnd() : pin_;
  taken_.settle(shipment);
}

void Relay::forget(Shipment shipment) {
  settle(shipment, roster_.size());
}

}  // namespace stook
