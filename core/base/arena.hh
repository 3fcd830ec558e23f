// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Bump allocation: memory for one bundle's bytes, given back all at once.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace stook {

/// Hands out bytes that live until `reset`.
/// Chunks are kept over a reset, so that a warm arena allocates nothing; what exceeds `keep` bytes is given back.
/// *Invariants:* bytes handed out never move. *Rooms:* whoever owns the arena's bundle.
class Arena {
 public:
  static constexpr size_t chunk_size = 64 * 1024;

  explicit Arena(size_t keep = 4 * chunk_size) : keep_(keep) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `size` bytes without alignment, never null. Cost: a compare and an add; COLD when a chunk is needed.
  char* take(size_t size) {
    if (size > static_cast<size_t>(end_ - next_)) {
      grow(size);
    }
    char* bytes = next_;
    next_ += size;
    return bytes;
  }

  /// At least `size` contiguous bytes that are not yet taken; `commit` takes the first of them.
  /// For read(2) straight into the arena.
  char* reserve(size_t size) {
    if (size > static_cast<size_t>(end_ - next_)) {
      grow(size);
    }
    return next_;
  }
  /// REQUIRES: size <= the size of the last reserve, and nothing taken since.
  void commit(size_t size) { next_ += size; }
  /// How many contiguous bytes follow the next free one.
  size_t tail() const { return static_cast<size_t>(end_ - next_); }

  /// A copy of the bytes.
  std::string_view copy(std::string_view bytes) {
    char* to = take(bytes.size());
    if (!bytes.empty()) {
      std::memcpy(to, bytes.data(), bytes.size());
    }
    return {to, bytes.size()};
  }

  /// Bytes handed out since the last reset, the unused ends of full chunks included.
  size_t used() const { return full_ + static_cast<size_t>(next_ - start_); }

  /// Forgets all bytes.
  void reset();

  /// Bytes held from the system.
  size_t held() const { return held_; }

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  void grow(size_t size);

  char none_ = 0;  // where an arena without a chunk points, so that no slice of it is null
  char* start_ = &none_;
  char* next_ = &none_;
  char* end_ = &none_;
  size_t full_ = 0;
  size_t held_ = 0;
  size_t keep_;
  size_t current_ = 0;  // chunks_[0, current_) are in use, the last of them is the open one
  std::vector<Chunk> chunks_;
};

}  // namespace stook
