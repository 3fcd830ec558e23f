// SPDX-License-Identifier: Apache-2.0
/// Which keys a codec of whole rows writes, in which order, and the bytes that stand before each value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/base/room.hh"
#include "core/data/batch.hh"

namespace stook {

/// The options `keys`, `without` and `also`.
struct ColumnChoice {
  std::vector<std::string> keys;
  std::vector<std::string> without;
  std::vector<std::string> also;
};

/// Says in the wiring what such a codec reads: all keys, or just those named.
void declare_columns(const ColumnChoice& choice, Wiring& wiring);

/// *Invariants:* what is remembered holds for one dictionary and its stamp; planned keys come before open ones, in the
/// order of their numbers, or all keys in the order in which the option names them. Meta keys are written when named.
/// *Rooms:* one replica, its worker.
class Columns {
 public:
  /// Appends what stands before the value of the key of that name.
  using PutLead = void (*)(std::string& to, std::string_view name);
  Columns(const ColumnChoice& choice, PutLead put_lead) : choice_(choice), put_lead_(put_lead) {}

  struct Present {
    const Column* column;
    /// The lead; 15 more bytes behind it are readable.
    const char* lead;
    uint32_t lead_size;
    /// The size of the key's name.
    uint32_t name_size;
  };
  /// The columns of this batch that have a value and are to be written. Valid until the next call.
  /// Allocates only for names it meets for the first time.
  const std::vector<Present>& gather(const Batch& batch) ROOM(worker);

 private:
  struct Name {
    KeyId id;
    size_t lead;
    uint32_t lead_size;
    uint32_t name_size;
  };
  void learn(const Batch& batch) ROOM(worker);
  void add(KeyId id, std::string_view name) ROOM(worker);
  bool is_wanted(const OpenKeys& keys, KeyId id) const;

  const ColumnChoice& choice_;
  PutLead put_lead_;
  uint64_t stamp_ = 0;
  size_t known_ = 0;  // KeyIds looked at
  std::vector<Name> names_;
  std::string leads_;
  std::vector<Present> present_;
};

}  // namespace stook
