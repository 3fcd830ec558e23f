// SPDX-License-Identifier: Apache-2.0
#include "core/base/arena.hh"

#include <algorithm>

namespace stook {

void Arena::grow(size_t size) {
  full_ += static_cast<size_t>(next_ - start_);
  if (current_ == chunks_.size() || chunks_[current_].size < size) {
    size_t wanted = std::max(size, chunk_size);
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(current_),
                   Chunk{std::unique_ptr<char[]>(new char[wanted]), wanted});
    held_ += wanted;
  }
  start_ = next_ = chunks_[current_].bytes.get();
  end_ = start_ + chunks_[current_].size;
  current_++;
}

void Arena::reset() {
  while (held_ > keep_ && chunks_.size() > 1) {
    auto largest = std::max_element(chunks_.begin(), chunks_.end(),
                                    [](const Chunk& a, const Chunk& b) { return a.size < b.size; });
    held_ -= largest->size;
    chunks_.erase(largest);
  }
  full_ = 0;
  current_ = 0;
  start_ = next_ = end_ = &none_;
  if (!chunks_.empty()) {
    start_ = next_ = chunks_[0].bytes.get();
    end_ = start_ + chunks_[0].size;
    current_ = 1;
  }
}

}  // namespace stook
