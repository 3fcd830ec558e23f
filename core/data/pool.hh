// SPDX-License-Identifier: Apache-2.0
/// Floor 1. A fixed number of objects and the free list of those that are at home.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace stook {

/// Owns its objects for life. *Invariants:* at rest all objects are home. *Rooms:* the home room only.
template <class T>
class Pool {
 public:
  Pool() = default;
  template <class Make>
  Pool(size_t size, Make&& make) {
    all_.reserve(size);
    free_.reserve(size);
    for (size_t i = 0; i < size; i++) {
      all_.push_back(make());
      free_.push_back(all_.back().get());
    }
  }
  /// One object, or null when all are out. The one that came home last goes first: it is warm.
  [[nodiscard]] T* take() {
    if (free_.empty()) {
      return nullptr;
    }
    T* item = free_.back();
    free_.pop_back();
    return item;
  }
  void put(T* item) { free_.push_back(item); }
  size_t size() const { return all_.size(); }
  size_t home() const { return free_.size(); }
  bool is_full() const { return free_.size() == all_.size(); }

 private:
  std::vector<std::unique_ptr<T>> all_;
  std::vector<T*> free_;
};

}  // namespace stook
