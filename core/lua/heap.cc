// SPDX-License-Identifier: Apache-2.0
#include "core/lua/heap.hh"

#include <cstdlib>
#include <cstring>

namespace stook {

void* LuaHeap::serve(void* heap, void* block, size_t old_size, size_t new_size) {
  LuaHeap& self = *static_cast<LuaHeap*>(heap);
  if (block == nullptr) {  // old_size is then the kind of object, no size
    return new_size == 0 ? nullptr : self.take(new_size);
  }
  if (new_size == 0) {
    self.give(block, old_size);
    return nullptr;
  }
  return self.resize(block, old_size, new_size);
}

void* LuaHeap::take(size_t size) {
  size_t cost = rounded(size);
  if (size > limit_ || used_ + cost > limit_) {
    return nullptr;
  }
  if (!is_small(size)) {
    void* block = held_ + size > 2 * limit_ ? nullptr : std::malloc(size);
    if (block != nullptr) {
      used_ += size;
      held_ += size;
    }
    return block;
  }
  Free*& head = free_[class_of(size)];
  if (head != nullptr) {
    Free* block = head;
    head = block->next;
    used_ += cost;
    return block;
  }
  if (left_ < cost) {
    if (held_ + slab_size > 2 * limit_) {
      return nullptr;
    }
    slabs_.emplace_back(new char[slab_size]);
    next_ = slabs_.back().get();
    left_ = slab_size;
    held_ += slab_size;
  }
  void* block = next_;
  next_ += cost;
  left_ -= cost;
  used_ += cost;
  return block;
}

void LuaHeap::give(void* block, size_t size) {
  used_ -= rounded(size);
  if (is_small(size)) {
    Free* free = static_cast<Free*>(block);
    Free*& head = free_[class_of(size)];
    free->next = head;
    head = free;
  } else {
    held_ -= size;
    std::free(block);
  }
}

void* LuaHeap::resize(void* block, size_t old_size, size_t new_size) {
  if (is_small(old_size) && class_of(old_size) == class_of(new_size)) {
    return block;
  }
  if (!is_small(old_size) && !is_small(new_size)) {
    bool is_growing = new_size > old_size;
    size_t more = is_growing ? new_size - old_size : 0;
    if (new_size > limit_ || used_ + more > limit_ || held_ + more > 2 * limit_) {
      return nullptr;
    }
    void* moved = std::realloc(block, new_size);
    if (moved == nullptr) {
      return is_growing ? nullptr : block;
    }
    used_ = used_ - old_size + new_size;
    held_ = held_ - old_size + new_size;
    return moved;
  }
  // Lua takes it for granted that shrinking works: a block that gets no new home stays where it is only when it is
  // large, and then malloc knows its true size; so a shrink may pass the limit.
  size_t limit = limit_;
  if (new_size < old_size) {
    limit_ += slab_size * 2 + new_size;
  }
  void* moved = take(new_size);
  limit_ = limit;
  if (moved == nullptr) {
    return nullptr;
  }
  std::memcpy(moved, block, old_size < new_size ? old_size : new_size);
  give(block, old_size);
  return moved;
}

}  // namespace stook
