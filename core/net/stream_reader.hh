// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The bytes of one connection into rows: read straight into the arena of the open bundle and cut there, so
/// that a cell is a slice of what recv(2) wrote. Room: the source's front.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/net/framing.hh"
#include "core/net/record_reader.hh"
#include "core/net/rows.hh"

namespace stook {

/// What all connections of a source share. *Rooms:* its front.
struct StreamShape {
  FrameRules rules;
  NetRows& rows;
  /// Bytes a row, so that a read about fills a bundle.
  size_t average = 200;
  /// Bytes of all buffers, and how many they may be. When a record wants more it is cut where it stands, so that many peers
  /// with long records that do not end share what there is.
  size_t buffered = 0;
  size_t most_buffered = SIZE_MAX;
  /// Positions of the rows that were just made, when their ids are wanted.
  std::vector<uint64_t> positions{};
};

/// One stream of records. *Invariants:* holds at most max_line and one read of bytes that are in no row yet, in a buffer
/// of 4 KiB to their power of two. A byte is copied a constant number of times, however small the reads are.
class StreamReader final : public RecordReader {
 public:
  [[nodiscard]] Step read(Receiver& from, StreamShape& shape, const Peer& peer, uint64_t number) override ROOM(front);
  [[nodiscard]] bool flush(StreamShape& shape, const Peer& peer, uint64_t number) override ROOM(front);
  bool has_records() const override { return has_records_; }
  bool is_within_record() const override { return pending_size_ > 0 || state_.skips > 0; }
  bool has_buffer() const override { return pending_room_ > 0; }
  void shrink(StreamShape& shape) override;
  void count_in(StreamShape& shape) const override { shape.buffered += pending_room_; }
  void count_out(StreamShape& shape) const override { shape.buffered -= pending_room_; }
  const char* fault() const override { return fault_; }

 private:
  Step receive_into_arena(Receiver& from, StreamShape& shape, Bundle& bundle) ROOM(front);
  Step receive_into_buffer(Receiver& from, StreamShape& shape) ROOM(front);
  Step cut_pending(StreamShape& shape) ROOM(front);
  Step cut(StreamShape& shape, Bundle& bundle, std::string_view bytes) ROOM(front);
  void fill(StreamShape& shape, Bundle& bundle, size_t first) ROOM(front);
  bool is_short(const StreamShape& shape, size_t size) const;
  Frame next(StreamShape& shape, FrameCutter& cutter) const;
  void keep(StreamShape& shape, std::string_view rest);
  void make_room(StreamShape& shape, size_t size);

  FrameState state_;
  const Peer* peer_ = nullptr;
  uint64_t number_ = 0;
  uint64_t position_ = 0;  // of the first byte that is in no row
  std::unique_ptr<char[]> pending_;
  uint32_t pending_size_ = 0;
  uint32_t pending_room_ = 0;
  uint32_t scanned_ = 0;  // so many of the pending bytes hold no delimiter
  bool has_records_ = false;
  const char* fault_ = "";
};

}  // namespace stook
