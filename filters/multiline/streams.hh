// SPDX-License-Identifier: Apache-2.0
/// The streams of lines that one `multiline` keeps apart, each with the event that is open in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filters/multiline/event.hh"

namespace stook {

/// One stream. *Invariants:* at most one of `open` and `waiting` is there. *Rooms:* one replica, its worker.
struct EventStream {
  std::string key;
  uint64_t hash = 0;
  /// When it was last used, in lines of all streams.
  uint64_t used = 0;
  /// Where its rule stands; 0: no event is open.
  uint8_t state = 0;
  /// Its event was cut: what still belongs to it is joined to nothing.
  bool is_cut = false;
  /// It has had a row in the batch at hand.
  bool is_touched = false;
  /// Still gets lines.
  std::unique_ptr<Event> open;
  /// Is complete, and waits for a row.
  std::unique_ptr<Event> waiting;

  Event* event() const { return open ? open.get() : waiting.get(); }
};

/// The streams by key, and events that are out of use.
/// *Rooms:* one replica, its worker.
class EventStreams {
 public:
  /// The stream of that key, made when it is new. COLD then. Cost: a hash, and a compare for each stream.
  EventStream& find(std::string_view key);
  size_t size() const { return streams_.size(); }
  EventStream& operator[](size_t i) { return *streams_[i]; }
  /// Forgets all streams but the `limit` used last. For each one that goes, `leave(stream)` takes its event away or
  /// says false: then it stays.
  template <class Leave>
  void forget(size_t limit, Leave&& leave) ROOM(worker);

  /// An empty event. COLD when none is out of use.
  std::unique_ptr<Event> take();
  void give(std::unique_ptr<Event> event);

 private:
  void order(size_t limit);

  std::vector<std::unique_ptr<EventStream>> streams_;
  std::vector<uint64_t> hashes_;  // by place in streams_
  std::vector<std::unique_ptr<Event>> free_;
};

template <class Leave>
void EventStreams::forget(size_t limit, Leave&& leave) {
  if (streams_.size() <= limit) {
    return;
  }
  order(limit);
  size_t kept = limit;
  for (size_t i = limit; i < streams_.size(); i++) {
    if (leave(*streams_[i])) {
      continue;
    }
    std::swap(streams_[kept], streams_[i]);
    kept++;
  }
  streams_.resize(kept);
  hashes_.clear();
  for (const auto& stream : streams_) {
    hashes_.push_back(stream->hash);
  }
}

}  // namespace stook
