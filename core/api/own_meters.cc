// SPDX-License-Identifier: Apache-2.0
#include "core/api/own_meters.hh"

#include <mutex>
#include <thread>
#include <utility>

namespace stook {

namespace {

struct Offer {
  // Taken by main when an engine comes and goes, and by whoever asks.
  std::mutex lock;
  const void* owner = nullptr;
  OwnMeters meters;
  std::thread::id main;
};

Offer& offer() {
  static Offer the;
  return the;
}

}  // namespace

void offer_own_meters(const void* owner, OwnMeters meters) {
  std::lock_guard guard(offer().lock);
  offer().owner = owner;
  offer().meters = std::move(meters);
  offer().main = std::this_thread::get_id();
}

void withdraw_own_meters(const void* owner) {
  std::lock_guard guard(offer().lock);
  if (offer().owner == owner) {
    offer().owner = nullptr;
    offer().meters = nullptr;
  }
}

std::vector<OwnMeter> own_meters() {
  std::lock_guard guard(offer().lock);
  return offer().meters ? offer().meters() : std::vector<OwnMeter>();
}

bool may_ask_own_meters() {
  std::lock_guard guard(offer().lock);
  return !offer().meters || offer().main == std::this_thread::get_id();
}

}  // namespace stook
