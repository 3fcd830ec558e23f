// SPDX-License-Identifier: Apache-2.0
#include "filters/multiline/streams.hh"

#include <algorithm>
#include <functional>

namespace stook {

EventStream& EventStreams::find(std::string_view key) {
  uint64_t hash = std::hash<std::string_view>()(key);
  for (size_t i = 0; i < hashes_.size(); i++) {
    if (hashes_[i] == hash && streams_[i]->key == key) {
      return *streams_[i];
    }
  }
  streams_.push_back(std::make_unique<EventStream>());
  hashes_.push_back(hash);
  streams_.back()->key.assign(key);
  streams_.back()->hash = hash;
  return *streams_.back();
}

/// Puts the `limit` streams used last in front, and the others in the order of their use, the oldest first.
void EventStreams::order(size_t limit) {
  auto middle = streams_.begin() + static_cast<std::ptrdiff_t>(limit);
  std::nth_element(streams_.begin(), middle, streams_.end(),
                   [](const auto& a, const auto& b) { return a->used > b->used; });
  std::sort(middle, streams_.end(), [](const auto& a, const auto& b) { return a->used < b->used; });
}

std::unique_ptr<Event> EventStreams::take() {
  if (free_.empty()) {
    return std::make_unique<Event>();
  }
  std::unique_ptr<Event> event = std::move(free_.back());
  free_.pop_back();
  return event;
}

void EventStreams::give(std::unique_ptr<Event> event) {
  event->clear();
  free_.push_back(std::move(event));
}

}  // namespace stook
