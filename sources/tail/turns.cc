// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/turns.hh"

#include <algorithm>

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
/// A copy is made within a moment of the truncation. What looks like one is held back for so long after it grew.
constexpr int64_t hold = 3 * second;

}  // namespace

void Turns::attach(Feed& feed, Files& files, Checkpoint& checkpoint) {
  feed_ = &feed;
  files_ = &files;
  checkpoint_ = &checkpoint;
  reader_.attach(feed, files);
}

void Turns::pause() {
  is_paused_ = true;
  idle_.stop();
}

void Turns::resume() {
  is_paused_ = false;
  schedule();
}

void Turns::stop() {
  for (Watcher* watcher : {&idle_, &timer_, &window_}) {
    watcher->stop();
  }
  has_stopped_ = true;
}

/// Whether so much was read in this second that the rest has to wait for the next one.
bool Turns::is_limited() {
  if (setup_.io_limit == 0 || is_ending_) {
    return false;
  }
  int64_t now = feed_->loop().now();
  if (now >= window_end_) {
    window_end_ = now + second;
    window_bytes_ = reader_.bytes();
  }
  return reader_.bytes() - window_bytes_ >= setup_.io_limit;
}

/// A new file may be a copy of another one that is about to be truncated: it is then read from where that one stood.
bool Turns::is_held(Tailed& file) {
  file.is_fresh = file.is_fresh && !file.packed && file.state.position == 0;
  if (!file.is_fresh || !files_->reach(file)) {
    return false;
  }
  int64_t now = feed_->loop().now();
  struct stat status {};
  bool is_there = fstat(file.fd.get(), &status) == 0;
  bool has_grown = is_there && status.st_size != std::exchange(file.held_size, status.st_size);
  if (has_grown || file.held_until == 0) {
    file.held_until = add_original(file) ? now + hold : 0;
  }
  if (file.held_until > now) {
    wait(file);
    return true;
  }
  if (file.is_unseen && (file.held_until != 0 || files_->is_read_copy(file))) {
    files_->skip(file);
  }
  file.is_fresh = is_there && file.held_until == 0 && status.st_size == 0;
  file.held_until = 0;
  return false;
}

/// Whether the file looks like a copy. The one it was made of may have been truncated already: it is read first.
bool Turns::add_original(Tailed& file) {
  Tailed* original = files_->original_of(file);
  if (original != nullptr) {
    add(*original);
  }
  return original != nullptr;
}

/// Reads a file that is not held. An empty one is left alone: what has come since may be the begin of a copy.
Reading Turns::read(Tailed& file) {
  return file.is_fresh && file.fd ? Reading::Drained : reader_.read(file);
}

void Turns::run() {
  turn_.swap(ready_);
  for (Tailed* file : turn_) {
    file->is_ready = false;
    if (is_paused_ || is_limited()) {
      add(*file);
    } else if (file->waits_for == 0 && !is_held(*file)) {
      settle(*file, read(*file));
    }
  }
  turn_.clear();
  feed_->seal();
  schedule();
}

/// The file has been read to its end, or is gone: what waits for it goes on.
void Turns::let_next(Tailed& file) {
  if (Tailed* next = files_->release(file)) {
    add(*next);
  }
}

/// What follows from having read a file.
void Turns::settle(Tailed& file, Reading reading) {
  switch (reading) {
    case Reading::More:
    case Reading::Paused:
      add(file);
      return;
    case Reading::Other:
      if (Tailed* copy = files_->begin_again(file, feed_->loop().now())) {
        add(*copy);
      }
      add(file);
      checkpoint_->soon();
      return;
    case Reading::Gone:
      file.is_away = true;
      file.partial_since = 0;
      file.acknowledged = LinePlace::of(file.state);
      break;
    case Reading::Drained:
      break;
  }
  let_next(file);
  if (file.is_away && file.linger_end == 0) {
    file.linger_end = feed_->loop().now() + setup_.linger_most;
  }
  if (file.is_away || file.partial_since != 0) {
    wait(file);
  }
}

/// When the timer has to look at a waiting file; INT64_MAX: it need not.
int64_t Turns::due(const Tailed& file) const {
  int64_t flush =
      file.partial_since != 0 && setup_.partial_flush > 0 ? file.partial_since + setup_.partial_flush : INT64_MAX;
  if (file.is_ready) {
    return INT64_MAX;
  }
  if (file.held_until != 0) {
    return std::min(flush, file.held_until);
  }
  int64_t end = file.linger_end != 0 ? file.linger_end : INT64_MAX;
  return std::min(flush, file.is_away ? std::min(file.last_growth + setup_.linger, end) : INT64_MAX);
}

void Turns::on_due(Tailed& file, int64_t now) {
  if (file.held_until != 0) {
    add_original(file);
    add(file);
    return;
  }
  if (file.partial_since != 0) {
    Reading reading = reader_.flush(file);
    if (reading != Reading::Drained) {
      file.last_growth = now;
      settle(file, reading);
      return;
    }
  }
  bool is_over = file.linger_end != 0 && file.linger_end <= now;
  if (file.is_away && file.waits_for == 0 && !is_over) {
    if (is_held(file)) {
      return;
    }
    // What was written a moment ago may not have been told yet.
    uint64_t before = file.state.position;
    Reading reading = read(file);
    if (reading == Reading::Gone) {
      let_next(file);
      files_->close(file);
      return;
    }
    if (reading != Reading::Drained || file.state.position != before) {
      file.last_growth = now;
      settle(file, reading);
      return;
    }
  }
  bool is_delivered = file.acknowledged == LinePlace::of(file.state);
  if (file.is_away && is_delivered && file.waits_for == 0 && file.successor == nullptr) {
    files_->close(file);
  } else if (file.is_away) {
    file.last_growth = now;
    file.linger_end = is_over ? now + second : file.linger_end;
    wait(file);
  }
}

void Turns::on_timer() {
  int64_t now = feed_->loop().now();
  turn_.swap(waiting_);
  for (Tailed* file : turn_) {
    file->is_waiting = false;
    if (is_paused_ || due(*file) > now) {
      wait(*file);
    } else {
      on_due(*file, now);
    }
  }
  turn_.clear();
  feed_->seal();
  checkpoint_->advance();
  schedule();
}

/// Starts what has to run next: idle turns for files that have more, the timer for those that wait.
void Turns::schedule() {
  if (is_paused_ || has_stopped_) {
    return;
  }
  if (ready_.empty()) {
    idle_.stop();
    is_ending_ ? feed_->finish() : void();
  } else if (is_limited()) {
    idle_.stop();
    window_.on_time<&Turns::run>(feed_->loop(), this, window_end_ - feed_->loop().now());
  } else if (!idle_.is_active()) {
    idle_.on_idle<&Turns::run>(feed_->loop(), this);
  }
  int64_t next = INT64_MAX;
  std::erase_if(waiting_, [&](Tailed* file) ROOM(front) {
    file->is_waiting = file->is_away || file->partial_since != 0 || file->held_until != 0;
    next = file->is_waiting ? std::min(next, due(*file)) : next;
    return !file->is_waiting;
  });
  if (next == INT64_MAX) {
    timer_.stop();
    return;
  }
  timer_.on_time<&Turns::on_timer>(feed_->loop(), this, std::max<int64_t>(next - feed_->loop().now(), 0));
}

}  // namespace stook
