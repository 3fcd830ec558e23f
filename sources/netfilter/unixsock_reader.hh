// SPDX-License-Identifier: Apache-2.0
/// One connection of the source `unixsock`: its units into rows. Room: the source's front.
#pragma once

#include <string>
#include <string_view>

#include "core/api/plugin.hh"
#include "core/net/stream_reader.hh"
#include "sources/netfilter/unixsock_unit.hh"

namespace stook {

/// The keys of its rows, which are all that the source declares.
void declare_unixsock_keys(Wiring& wiring);
/// Appends a row. REQUIRES: bundle.has_room().
void put_unixsock_row(Feed& feed, Bundle& bundle, const UnixsockUnit& unit) ROOM(front);

/// *Invariants:* holds one unit and one read at the most.
class UnixsockReader final : public RecordReader {
 public:
  [[nodiscard]] Step read(Receiver& from, StreamShape& shape, const Peer& peer, uint64_t number) override ROOM(front);
  /// A unit that has not ended is no row; it is counted.
  [[nodiscard]] bool flush(StreamShape& shape, const Peer& peer, uint64_t number) override ROOM(front);
  bool has_records() const override { return has_records_; }
  bool is_within_record() const override { return !bytes_.empty(); }
  bool has_buffer() const override { return bytes_.capacity() > read_size; }
  void shrink(StreamShape& shape) override;
  void count_in(StreamShape& shape) const override { shape.buffered += bytes_.capacity(); }
  void count_out(StreamShape& shape) const override { shape.buffered -= bytes_.capacity(); }
  const char* fault() const override { return "a unit does not begin with ulogd's marker"; }

 private:
  static constexpr size_t read_size = 64 * 1024;

  Step receive(Receiver& from, StreamShape& shape) ROOM(front);
  Step take_units(Feed& feed, uint64_t number, size_t& taken) ROOM(front);

  std::string bytes_;  // not yet in a row
  bool has_records_ = false;
};

}  // namespace stook
