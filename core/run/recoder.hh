// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Recoder: rows that come as msgpack, one map each, into the format of a sink.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/codec.hh"
#include "core/data/bundle.hh"
#include "core/data/schema.hh"
#include "core/data/selection.hh"
#include "core/plan/plan.hh"

namespace stook {

/// Puts the rows back into a bundle of its own, and has the sink's codec write them. COLD: new names allocate.
/// REQUIRES of all payloads: row_ends.
/// *Rooms:* the carrier of the group that the sink is in; the codec is no worker's.
class Recoder {
 public:
  /// `meta_keys`: what the rows may hold for others who name it; codecs of all keys leave it out.
  Recoder(const Instance& sink, const std::vector<std::string>& meta_keys);
  /// What stands at the head of a new file; lives as long as this.
  std::string_view header() const { return codec_->header(); }

  /// Fills `to` with the rows of `from`, each in its part. Returns the numbers of those that the codec could not write,
  /// in ascending order, until the next call.
  const std::vector<size_t>& recode(const Payload& from, Payload& to) ROOM(carrier);

 private:
  void read(std::string_view bytes, size_t number) ROOM(carrier);
  bool read_members(std::string_view bytes, Row row) ROOM(carrier);
  void put_rest(Row row, std::string_view pairs, uint32_t size) ROOM(carrier);
  void write(Payload& to) ROOM(carrier);

  KeySchema schema_;
  std::vector<KeyId> in_;
  std::vector<KeyId> out_;
  KeyId rest_ = no_key;
  std::unique_ptr<OpenKeys> keys_;
  std::unique_ptr<Bundle> bundle_;
  Selection rows_;
  ElementMeter meter_;
  std::unique_ptr<Codec> codec_;
  std::vector<size_t> lost_;
  size_t first_ = 0;  // number of the bundle's first row
};

}  // namespace stook
