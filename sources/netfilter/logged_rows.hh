// SPDX-License-Identifier: Apache-2.0
/// Rows of logged packets, with ulogd's keys. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>

#include "core/api/plugin.hh"
#include "core/api/source.hh"
#include "sources/netfilter/logged_packet.hh"

namespace stook {

/// What rows hold beyond what the kernel always says.
struct LoggedRowRules {
  bool has_sequence = false;
  bool has_global_sequence = false;
  uint8_t label = 0;
};

/// *Invariants:* `columns_` are those of the bundle into which the last row went. *Rooms:* the source's front.
class LoggedRows {
 public:
  /// Sets the keys that are written; so many.
  static void declare(Wiring& wiring);
  static constexpr size_t keys = 25;

  /// Before the first row. Ids begin with the source and a number drawn now.
  void attach(Feed& feed, const LoggedRowRules& rules) ROOM(front);
  /// Appends a row; bytes and texts are copied as far as somebody reads them. REQUIRES: bundle.has_room().
  void put(Bundle& bundle, const LoggedPacket& packet) ROOM(front);

 private:
  void begin(Bundle& bundle) ROOM(front);
  void put_bytes(Bundle& bundle, Row row, size_t key, Type type, std::string_view bytes) ROOM(front);
  void put_number(Row row, size_t key, uint64_t number) ROOM(front) {
    if (columns_[key] != nullptr) {
      columns_[key]->set(row, Cell::of_unsigned(number));
    }
  }
  void put_link(Bundle& bundle, Row row, const LoggedPacket& packet) ROOM(front);
  void put_time(Row row, const LoggedPacket& packet) ROOM(front);
  void put_about(Bundle& bundle, Row row) ROOM(front);

  Feed* feed_ = nullptr;
  LoggedRowRules rules_;
  std::string id_;
  uint64_t rows_ = 0;
  int64_t now_ = 0;             // when the open bundle was begun
  Column* columns_[keys] = {};  // of the open bundle; null: nobody reads the key
};

}  // namespace stook
