// SPDX-License-Identifier: Apache-2.0
/// Floor 0. A short text with one writer, which any thread may read whole while it is being replaced.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace stook {

/// Keeps the first `most` bytes of the last text written; empty at first. Writing neither waits nor allocates.
class Note {
 public:
  static constexpr size_t most = 248;

  /// By the writer. The same text again replaces nothing, so that who reads meanwhile does not miss it.
  void write(std::string_view text) {
    Words words{};
    uint64_t size = text.size() < most ? text.size() : most;
    std::memcpy(words.data(), &size, sizeof size);
    if (size > 0) {
      std::memcpy(words.data() + 1, text.data(), size);
    }
    if (is_now(words)) {
      return;
    }
    uint64_t turn = turn_.load(std::memory_order_relaxed);
    turn_.store(turn + 1, std::memory_order_relaxed);
    for (size_t i = 0; i < words.size(); i++) {
      words_[i].store(words[i], std::memory_order_release);
    }
    turn_.store(turn + 2, std::memory_order_release);
  }

  /// By anyone. A writer that never rests for long enough gives the empty text.
  std::string read() const {
    for (int attempt = 0; attempt < attempts; attempt++) {
      uint64_t turn = turn_.load(std::memory_order_acquire);
      Words words{};
      for (size_t i = 0; i < words.size(); i++) {
        words[i] = words_[i].load(std::memory_order_acquire);
      }
      if (turn % 2 == 0 && turn_.load(std::memory_order_relaxed) == turn) {
        return std::string(reinterpret_cast<const char*>(words.data() + 1), words[0]);
      }
    }
    return {};
  }

 private:
  using Words = std::array<uint64_t, 1 + most / sizeof(uint64_t)>;
  static constexpr int attempts = 1000;

  bool is_now(const Words& words) const {
    return std::equal(words.begin(), words.end(), words_.begin(),
                      [](uint64_t word, auto& now) { return now.load(std::memory_order_relaxed) == word; });
  }

  // Written by the one writer, read by anyone. `turn_` is odd while words are replaced. Each word is stored with release
  // behind the odd turn and loaded with acquire before the turn is looked at again: who has read one new word sees that
  // the turn has moved, and takes none of them. Fences would do with relaxed words, but ThreadSanitizer knows no fences.
  std::atomic<uint64_t> turn_{0};
  std::array<std::atomic<uint64_t>, 1 + most / sizeof(uint64_t)> words_{};
};

}  // namespace stook
