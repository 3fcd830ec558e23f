// SPDX-License-Identifier: Apache-2.0
#include "core/run/post.hh"

namespace stook {

namespace {
// What a payload keeps of its memory when it is empty.
constexpr size_t kept_bytes = 16 << 10;
constexpr size_t first_bytes = 2 << 10;
}  // namespace

Post::Post() {
  for (size_t i = 0; i < payloads; i++) {
    all_.push_back(std::make_unique<Payload>());
    (void)all_.back()->room(first_bytes);
    link_.send(all_.back().get());
  }
}

Payload* Post::take() {
  if (open_ == nullptr && given_.read() - taken_.read() < most_bytes) {
    open_ = link_.receive();
  }
  return open_;
}

void Post::hand_over() {
  if (open_ != nullptr && open_->size() > 0) {
    given_.add(open_->size());
    link_.give_back(open_);
    open_ = nullptr;
  }
}

size_t Post::read(std::string& to, size_t most) {
  size_t rows = 0;
  while (rows < most) {
    if (reading_ == nullptr) {
      reading_ = link_.come_home();
      read_rows_ = 0;
    }
    if (reading_ == nullptr) {
      break;
    }
    std::string_view bytes = reading_->bytes();
    auto ends = reading_->row_ends();
    for (; rows < most && read_rows_ < ends.size(); rows++, read_rows_++) {
      size_t begin = read_rows_ == 0 ? 0 : ends[read_rows_ - 1];
      to += bytes.substr(begin, ends[read_rows_] - begin);
    }
    if (read_rows_ == ends.size()) {
      taken_.add(bytes.size());
      reading_->reset(kept_bytes);
      link_.send(reading_);
      reading_ = nullptr;
    }
  }
  return rows;
}

}  // namespace stook
