// SPDX-License-Identifier: Apache-2.0
/// Floor 0. A byte buffer that grows without being filled: who makes room writes it.
#pragma once

#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace stook {

/// The standard allocator, but that `resize` leaves new elements as they are.
template <class T>
struct Unfilled : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = Unfilled<U>;
  };
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

using ByteBuffer = std::vector<char, Unfilled<char>>;

}  // namespace stook
