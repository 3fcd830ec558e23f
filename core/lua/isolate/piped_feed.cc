// SPDX-License-Identifier: Apache-2.0
#include "core/lua/isolate/piped_feed.hh"

#include <errno.h>

#include <algorithm>

namespace stook {

namespace {
constexpr size_t bundle_rows = 256;
}  // namespace

PipedFeed::PipedFeed(Loop& loop, Fd pipe, std::string id, size_t keys)
    : loop_(loop), pipe_(std::move(pipe)), id_(std::move(id)), bundle_(bundle_rows, bundle_rows, keys) {
  // All are sent: what nobody reads is left out at the other end, where a reload may change it.
  for (size_t key = 0; key < keys; key++) {
    keys_.push_back(static_cast<KeyId>(key));
  }
  out_ = keys_;
  open_.resize(1, nullptr);
}

// Rows of the bundle into slips.
void PipedFeed::pack() {
  for (size_t row = 0; row < bundle_.rows(); row++) {
    put_slip_row(slips_.open(SlipKind::Rows), bundle_, static_cast<Row>(row));
  }
  if (bundle_.rows() > 0) {
    bundle_.reset();
  }
}

// As much as the pipe takes. When nobody is there to read, the script has nothing left to do.
void PipedFeed::send() {
  slips_.close();
  while (slips_.size() > 0) {
    ssize_t put = ::write(pipe_.get(), slips_.left().data(), slips_.size());
    if (put > 0) {
      slips_.take(static_cast<size_t>(put));
    } else if (put < 0 && errno == EAGAIN) {
      if (!watch_.is_active()) {
        watch_.on_writable<&PipedFeed::on_writable>(loop_, this, pipe_.get());
      }
      return;
    } else if (put == 0 || errno != EINTR) {
      be_done();
      return;
    }
  }
  watch_.stop();
  if (is_ending_) {
    be_done();
  }
}

void PipedFeed::on_writable() {
  send();
  if (is_paused_ && slips_.size() < most) {
    is_paused_ = false;
    if (life_ != nullptr) {
      life_->resume();
    }
  }
}

bool PipedFeed::has_room() {
  if (slips_.size() >= most) {
    send();
  }
  if (slips_.size() < most) {
    return true;
  }
  is_paused_ = true;
  if (life_ != nullptr) {
    life_->pause();
  }
  return false;
}

Bundle* PipedFeed::next_bundle(size_t) {
  pack();
  open_[0] = has_room() ? &bundle_ : nullptr;
  return open_[0];
}

void PipedFeed::seal() {
  pack();
  open_[0] = nullptr;
  send();
}

void PipedFeed::add_text(std::string_view text) {
  pack();
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), SlipBatch::usual))) {
    slips_.open(SlipKind::Text).append(text.substr(0, SlipBatch::usual));
  }
}

void PipedFeed::tell(SlipKind kind, std::string_view bytes) {
  pack();
  slips_.put(kind, bytes);
}

void PipedFeed::end() {
  is_ending_ = true;
  seal();
}

}  // namespace stook
