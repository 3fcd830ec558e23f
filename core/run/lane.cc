// SPDX-License-Identifier: Apache-2.0
#include "core/run/lane.hh"

#include <utility>

#include "core/run/worker.hh"

namespace stook {

void Lane::send(Bundle* bundle) {
  size_t best = 0;
  for (size_t i = 1; i < ways_.size() && ways_[best].out >= idle_below; i++) {
    if (ways_[i].out < ways_[best].out) {
      best = i;
    }
  }
  bundle->lane = this;
  bundle->sequence = ++sequence_;
  out_++;
  ways_[best].out++;
  ways_[best].link->send(bundle);
  ways_[best].is_announced = false;
}

void Lane::announce() {
  for (Way& way : ways_) {
    if (!std::exchange(way.is_announced, true)) {
      way.worker->bell.ring();
    }
  }
}

Bundle* Lane::come_home() {
  for (Way& way : ways_) {
    if (Bundle* bundle = way.link->come_home()) {
      out_--;
      way.out--;
      return bundle;
    }
  }
  return nullptr;
}

}  // namespace stook
