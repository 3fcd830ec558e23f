// SPDX-License-Identifier: Apache-2.0
/// Floor 0. The one way in which objects change rooms: a single-producer single-consumer queue each way.
#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <cstdlib>

namespace stook {

/// A queue of pointers from one thread to one other. It is as long as the pool behind it, so that a push cannot fail;
/// one that does is a broken invariant and ends the process.
template <class T>
class Queue {
 public:
  explicit Queue(size_t capacity) : items_(capacity) {}
  /// The producer's side.
  void push(T* item) {
    if (!items_.push(item)) {
      std::abort();
    }
  }
  /// The consumer's side: the oldest item, or null.
  [[nodiscard]] T* pop() {
    T* item = nullptr;
    return items_.pop(item) ? item : nullptr;
  }
  /// The consumer's side: the oldest item without taking it, or null.
  T* peek() { return items_.read_available() != 0 ? items_.front() : nullptr; }
  bool is_empty() const { return items_.read_available() == 0; }

 private:
  boost::lockfree::spsc_queue<T*> items_;
};

/// Two queues between a home room and a guest room: objects leave by `send` and come back by `give_back`.
template <class T>
class Link {
 public:
  explicit Link(size_t capacity) : forward_(capacity), home_(capacity) {}
  void send(T* item) { forward_.push(item); }
  [[nodiscard]] T* receive() { return forward_.pop(); }
  T* peek() { return forward_.peek(); }
  bool is_empty() const { return forward_.is_empty(); }
  void give_back(T* item) { home_.push(item); }
  [[nodiscard]] T* come_home() { return home_.pop(); }

 private:
  Queue<T> forward_;
  Queue<T> home_;
};

}  // namespace stook
