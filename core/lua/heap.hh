// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The memory of one Lua state: size classes with free lists, cut from slabs, under one limit.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace stook {

/// Serves one lua_State and nobody else, so it takes no lock. Small blocks come from slabs and go to free lists by class
/// of 16 bytes; larger ones come from malloc.
/// *Invariants:* used() <= limit; slabs and large blocks together hold at most twice the limit.
/// *Rooms:* that of its state.
class LuaHeap {
 public:
  explicit LuaHeap(size_t limit) : limit_(limit) {}
  LuaHeap(const LuaHeap&) = delete;
  LuaHeap& operator=(const LuaHeap&) = delete;

  /// As lua_Alloc wants it; `heap` is the LuaHeap. Null when the limit is reached.
  static void* serve(void* heap, void* block, size_t old_size, size_t new_size);

  /// Counts bytes that an object of the state holds elsewhere. False: they would pass the limit.
  [[nodiscard]] bool charge(size_t size) {
    if (size > limit_ || used_ + size > limit_) {
      return false;
    }
    used_ += size;
    return true;
  }
  void refund(size_t size) { used_ -= size; }

  /// Bytes in live blocks, and those that were charged.
  size_t used() const { return used_; }
  size_t limit() const { return limit_; }

 private:
  static constexpr size_t grain = 16;
  static constexpr size_t classes = 17;  // up to 256 bytes
  static constexpr size_t slab_size = 32 * 1024;
  struct Free {
    Free* next;
  };
  static size_t class_of(size_t size) { return (size + grain - 1) / grain; }
  static bool is_small(size_t size) { return class_of(size) < classes; }
  static size_t rounded(size_t size) { return is_small(size) ? class_of(size) * grain : size; }

  void* take(size_t size);
  void give(void* block, size_t size);
  void* resize(void* block, size_t old_size, size_t new_size);

  size_t limit_;
  size_t used_ = 0;
  size_t held_ = 0;
  Free* free_[classes] = {};
  char* next_ = nullptr;
  size_t left_ = 0;
  std::vector<std::unique_ptr<char[]>> slabs_;
};

}  // namespace stook
