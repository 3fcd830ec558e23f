// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/saved_tokens.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
}  // namespace

void SavedTokens::plan() {
  if (tokens_.wants_save() && !watch_.is_active()) {
    watch_.on_time<&SavedTokens::save>(feed_->loop(), this, second);
  }
}

void SavedTokens::close() {
  is_closed_ = true;
  save();
}

void SavedTokens::save() {
  watch_.stop();
  if (!tokens_.wants_save()) {
    return;
  }
  std::string reason = tokens_.save();
  if (reason.empty()) {
    return;
  }
  feed_->count(Remark::CheckpointFailures, 1);
  if (auto pass = limit_.pass()) {
    log_event(Level::Error, "positions_failed",
              Fields()("instance", feed_->id())("reason", reason)("suppressed", pass.suppressed));
  }
  if (!is_closed_) {
    plan();
  }
}

}  // namespace stook
