// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/checkpoint.hh"

#include <algorithm>

namespace stook {

namespace {

constexpr int64_t period = 1'000'000'000;
constexpr uint64_t most_progress = 8 * 1024 * 1024;

}  // namespace

void Checkpoint::attach(Feed& feed, Files& files) {
  feed_ = &feed;
  loop_ = &feed.loop();
  files_ = &files;
}

void Checkpoint::advance() {
  if (files_->progress() >= most_progress) {
    soon();
  } else if (!timer_.is_active() && files_->is_dirty()) {
    timer_.on_time<&Checkpoint::save>(*loop_, this, period);
  }
}

void Checkpoint::soon() {
  if (is_soon_ || !files_->is_dirty()) {
    return;
  }
  is_soon_ = true;
  timer_.on_time<&Checkpoint::save>(*loop_, this, std::max<int64_t>(not_before_ - loop_->now(), 0));
}

void Checkpoint::save() {
  is_soon_ = false;
  int64_t begin = loop_->now();
  if (!files_->save()) {
    feed_->count(Remark::CheckpointFailures, 1);
  }
  int64_t end = loop_->now();
  not_before_ = end + 9 * (end - begin);
  timer_.stop();
  advance();
}

}  // namespace stook
