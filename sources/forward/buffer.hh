// SPDX-License-Identifier: Apache-2.0
/// Bytes that wait to be cut: added behind, taken in front. Room: the source's front.
#pragma once

#include <bit>
#include <cstring>
#include <memory>
#include <string_view>

namespace stook {

/// *Invariants:* what is held lies together; it is moved only when there is no room behind it.
class WaitingBytes {
 public:
  std::string_view view() const { return {memory_.get() + begin_, end_ - begin_}; }
  bool is_empty() const { return begin_ == end_; }
  size_t memory() const { return size_; }
  /// At least `size` bytes behind what is held. COLD when the memory grows.
  char* room(size_t size) {
    if (size_ - end_ < size) {
      make_room(size);
    }
    return memory_.get() + end_;
  }
  /// How many bytes there are behind what is held.
  size_t room() const { return size_ - end_; }
  void grew(size_t bytes) { end_ += bytes; }
  void take(size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }
  void give_back() {
    memory_.reset();
    size_ = begin_ = end_ = 0;
  }

 private:
  void make_room(size_t size) {
    size_t held = end_ - begin_;
    if (held + size > size_) {
      size_t wanted = std::bit_ceil(held + size);
      std::unique_ptr<char[]> larger(new char[wanted]);
      if (held > 0) {
        std::memcpy(larger.get(), memory_.get() + begin_, held);
      }
      memory_ = std::move(larger);
      size_ = wanted;
    } else {
      std::memmove(memory_.get(), memory_.get() + begin_, held);
    }
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> memory_;
  size_t size_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace stook
