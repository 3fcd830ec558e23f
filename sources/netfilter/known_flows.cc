// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/known_flows.hh"

#include <utility>

namespace stook {

bool KnownFlows::hear(uint32_t id, std::string_view body, int64_t start) {
  auto found = flows_.find(id);
  if (found == flows_.end()) {
    if (flows_.size() >= most_) {
      return false;
    }
    found = flows_.emplace(id, KnownFlow{{}, start, {}, 0}).first;
  }
  found->second.body.assign(body);
  found->second.round = round_;
  return true;
}

KnownFlow* KnownFlows::find(uint32_t id) {
  auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : &found->second;
}

bool KnownFlows::take(uint32_t id, KnownFlow& flow) {
  auto found = flows_.find(id);
  if (found == flows_.end()) {
    return false;
  }
  flow = std::move(found->second);
  flows_.erase(found);
  return true;
}

void KnownFlows::end_round() {
  for (auto at = flows_.begin(); at != flows_.end();) {
    if (at->second.round == round_) {
      ++at;
      continue;
    }
    gone_.push_back(std::move(at->second));
    at = flows_.erase(at);
  }
}

bool KnownFlows::take_gone(KnownFlow& flow) {
  if (gone_.empty()) {
    return false;
  }
  flow = std::move(gone_.back());
  gone_.pop_back();
  return true;
}

}  // namespace stook
