// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Encoded rows on their way to a sink.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

class Receipt;
class PayloadSlots;

/// A growing byte buffer, divided into parts by address when the sink's target depends on the row.
/// Opaque to carriers and spools. The buffer keeps its memory; a warm payload allocates nothing.
/// *Rooms:* the worker that encodes into it, then the carrier that holds it.
class Payload {
 public:
  /// Rows that go to one place: bytes [begin, next part's begin). The address is empty for a sink with one target.
  struct Part {
    size_t begin;
    size_t rows;
    std::string address;
  };

  /// At least `size` writable bytes at the end; `commit` takes the first of them. COLD when the buffer grows.
  char* room(size_t size) {
    if (size > capacity_ - size_) {
      grow(size);
    }
    return bytes_.get() + size_;
  }
  /// Takes the bytes written up to `end`, which lies within the last room.
  void commit(const char* end) { size_ = static_cast<size_t>(end - bytes_.get()); }
  void append(std::string_view bytes) {
    if (bytes.empty()) {
      return;
    }
    char* to = room(bytes.size());
    std::memcpy(to, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append(char byte) {
    *room(1) = byte;
    size_++;
  }

  std::string_view bytes() const { return {bytes_.get(), size_}; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  /// Ends a row at this offset, be it that the bytes before it are still to be committed.
  void end_row_at(size_t offset) {
    if (ends_size_ == ends_room_) {
      grow_ends();
    }
    ends_[ends_size_++] = static_cast<uint32_t>(offset);
  }
  /// Ends a row at `end`, which lies within the last room.
  void end_row(const char* end) { end_row_at(static_cast<size_t>(end - bytes_.get())); }
  /// Ends a row behind what was appended.
  void end_row() { end_row_at(size_); }
  /// The offset behind each row, in order; empty when the codec writes no bytes.
  std::span<const uint32_t> row_ends() const { return {ends_.get(), ends_size_}; }

  /// Opens a part: what is appended from here on goes to `address`.
  void begin_part(std::string_view address) {
    if (parts_ == parts_store_.size()) {
      parts_store_.emplace_back();
    }
    Part& part = parts_store_[parts_++];
    part.begin = size_;
    part.rows = 0;
    part.address.assign(address);
  }
  /// Counts rows encoded into the open part. REQUIRES: a part is open.
  void count_rows(size_t rows) {
    parts_store_[parts_ - 1].rows += rows;
    rows_ += rows;
  }
  size_t parts() const { return parts_; }
  const Part& part(size_t i) const { return parts_store_[i]; }
  std::string_view part_bytes(size_t i) const {
    size_t end = i + 1 < parts_ ? parts_store_[i + 1].begin : size_;
    return {bytes_.get() + parts_store_[i].begin, end - parts_store_[i].begin};
  }
  size_t rows() const { return rows_; }
  /// Whether its rows can be told apart, and are more than one.
  bool is_divisible() const { return rows_ > 1 && ends_size_ == rows_; }

  /// Back to empty; a buffer beyond `keep` bytes is given back to the system.
  void reset(size_t keep = 1 << 20) {
    size_ = 0;
    rows_ = 0;
    parts_ = 0;
    ends_size_ = 0;
    whole = nullptr;
    whole_at = 0;
    receipts.clear();
    if (capacity_ > keep) {
      bytes_.reset();
      capacity_ = 0;
    }
  }

  /// Exchanges rows and memory with another payload. What is carried along for the engine stays where it is.
  void exchange_rows(Payload& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(ends_, other.ends_);
    std::swap(ends_size_, other.ends_size_);
    std::swap(ends_room_, other.ends_room_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(rows_, other.rows_);
    std::swap(parts_, other.parts_);
    std::swap(parts_store_, other.parts_store_);
  }

  /// Of a piece: the payload whose bytes from `whole_at` on these are.
  const Payload* whole = nullptr;
  size_t whole_at = 0;

  // Carried along for the engine.
  /// Of the bundles whose rows are in here; each is held once by this payload.
  std::vector<Receipt*> receipts;
  PayloadSlots* home = nullptr;
  uint32_t lane = 0;
  uint64_t sequence = 0;
  int64_t sealed_at = 0;

 private:
  void grow(size_t size) {
    size_t wanted = capacity_ * 2 > size_ + size ? capacity_ * 2 : size_ + size;
    wanted = wanted < 4096 ? 4096 : wanted;
    std::unique_ptr<char[]> bytes(new char[wanted]);
    if (size_ > 0) {
      std::memcpy(bytes.get(), bytes_.get(), size_);
    }
    bytes_ = std::move(bytes);
    capacity_ = wanted;
  }

  void grow_ends() {
    size_t wanted = ends_room_ == 0 ? 256 : ends_room_ * 2;
    std::unique_ptr<uint32_t[]> ends(new uint32_t[wanted]);
    if (ends_size_ > 0) {
      std::memcpy(ends.get(), ends_.get(), ends_size_ * sizeof(uint32_t));
    }
    ends_ = std::move(ends);
    ends_room_ = wanted;
  }

  std::unique_ptr<char[]> bytes_;
  std::unique_ptr<uint32_t[]> ends_;
  size_t ends_size_ = 0;
  size_t ends_room_ = 0;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t rows_ = 0;
  size_t parts_ = 0;
  std::vector<Part> parts_store_;
};

}  // namespace stook
