// SPDX-License-Identifier: Apache-2.0
/// Rows of tracked connections, with ulogd's keys. Room: the source's front.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/api/plugin.hh"
#include "core/api/source.hh"
#include "sources/netfilter/tracked_flow.hh"

namespace stook {

/// As ulogd's `ct.event` and `event_mask` have them.
enum class FlowEvent : uint32_t { New = 1, Update = 2, Destroy = 4 };

/// What is known beyond the kernel's message. Times are ns since 1970, 0: not known.
struct FlowNews {
  FlowEvent event = FlowEvent::New;
  int64_t start = 0;
  int64_t end = 0;
  /// It was found missing after messages were lost.
  bool is_resync = false;
  /// What it carried since the row before, and IANA's reason for this one: 2 it goes on, 3 it has ended. Reason 0: rows are
  /// of whole connections.
  CarriedCounts since;
  uint8_t reason = 0;
};

/// *Invariants:* `columns_` are those of the bundle into which the last row went. *Rooms:* the source's front.
class TrackedRows {
 public:
  /// Sets the keys that are written; so many.
  static void declare(Wiring& wiring);
  static constexpr size_t keys = 34;

  /// Before the first row.
  void attach(Feed& feed) ROOM(front) { feed_ = &feed; }
  /// Appends a row. `body`: the message that the flow was read from. REQUIRES: bundle.has_room().
  void put(Bundle& bundle, const TrackedFlow& flow, const FlowNews& news, std::string_view body) ROOM(front);

 private:
  void begin(Bundle& bundle) ROOM(front);
  void put_number(Row row, size_t key, uint64_t number) ROOM(front) {
    if (columns_[key] != nullptr) {
      columns_[key]->set(row, Cell::of_unsigned(number));
    }
  }
  void put_bytes(Bundle& bundle, Row row, size_t key, Type type, std::string_view bytes) ROOM(front);
  void put_time(Row row, size_t key, int64_t ns) ROOM(front);
  void put_side(Bundle& bundle, Row row, size_t first, const FlowDirection& side, bool has_ports) ROOM(front);
  void put_part(Row row, const FlowNews& news) ROOM(front);

  Feed* feed_ OWNED(front) = nullptr;
  int64_t now_ OWNED(front) = 0;             // when the open bundle was begun
  Column* columns_[keys] OWNED(front) = {};  // of the open bundle; null: nobody reads the key
};

}  // namespace stook
