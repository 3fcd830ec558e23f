// SPDX-License-Identifier: Apache-2.0
#include "core/run/member_fates.hh"

#include <algorithm>

#include "core/run/fate.hh"

namespace stook {

MemberFates::MemberFates(const Instance& group, const MemberMeter* meters, Shipment shipment, bool is_first)
    : group_(group), meters_(meters), is_first_(is_first) {
  if (meters == nullptr ||
      std::none_of(shipment.begin(), shipment.end(), [](const Payload* payload) { return is_followed(*payload); })) {
    return;
  }
  for (size_t i = 0; i < group.members.size(); i++) {
    before_.push_back({meters[i].rows.read(), meters[i].missed_rows.read()});
  }
}

// A mirror counts a member's missed rows when it goes on without it. Others give all to some of them: those that have
// taken any now, unless they took a part before.
std::string MemberFates::who() const {
  std::string takers;
  std::string others;
  size_t taking = 0;
  for (size_t i = 0; i < before_.size(); i++) {
    const std::string& id = group_.members[i]->id;
    if (meters_[i].missed_rows.read() > before_[i].missed) {
      others += (others.empty() ? "missed by " : ", ") + id;
    }
    if (meters_[i].rows.read() > before_[i].rows) {
      takers += (takers.empty() ? "by " : ", ") + id;
      taking++;
    }
  }
  bool is_known = is_first_ && taking > 0 && (taking < before_.size() || !others.empty());
  return (is_known ? takers : "") + (is_known && !others.empty() ? ", " : "") + others;
}

void MemberFates::tell(Shipment shipment) const {
  if (before_.empty()) {
    return;
  }
  std::string said = who();
  for (const Payload* payload : shipment) {
    tell_fate(*payload, "delivered", said);
  }
}

}  // namespace stook
