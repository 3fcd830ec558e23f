// SPDX-License-Identifier: Apache-2.0
#include "sources/forward/reader.hh"

#include <errno.h>

#include <algorithm>

#include "sources/forward/entry.hh"

namespace stook {

namespace {
constexpr size_t read_size = 64 * 1024;
/// So much is inflated before other connections have their turn.
constexpr uint64_t inflated_a_turn = 256 * 1024;
constexpr size_t least_kept = 4096;
}  // namespace

void ForwardReader::begin() {
  if (rules_.secrets.shared_key.empty()) {
    return;
  }
  nonce_ = random_salt();
  auth_ = rules_.secrets.username.empty() ? "" : random_salt();
  phase_ = Phase::Ping;
  answers_.answer(*this, forward_helo(nonce_, auth_));
}

void ForwardReader::shrink(StreamShape& shape) {
  count_out(shape);
  if (bytes_.is_empty()) {
    bytes_.give_back();
  }
  if (inflated_.is_empty()) {
    inflated_.give_back();
  }
  count_in(shape);
}

RecordReader::Step ForwardReader::read(Receiver& from, StreamShape& shape, const Peer& peer, uint64_t number) {
  shape_ = &shape;
  peer_ = &peer;
  number_ = number;
  run_ = nullptr;
  inflated_now_ = 0;
  if (!has_records_) {
    if (shape.rows.feed().bundle(number) == nullptr) {
      return Step::Paused;
    }
    if (Step step = receive(from); step != Step::Some) {
      return step;
    }
  }
  count_out(shape);
  Turn turn = Turn::Went;
  while (turn == Turn::Went && inflated_now_ < inflated_a_turn) {
    turn = advance();
  }
  count_in(shape);
  end_run();
  has_records_ = turn == Turn::Full || turn == Turn::Went;
  if (turn == Turn::Wrong) {
    return phase_ == Phase::Ping ? Step::Refused : Step::Wrong;
  }
  return turn == Turn::Full ? Step::Paused : Step::Some;
}

RecordReader::Step ForwardReader::receive(Receiver& from) {
  count_out(*shape_);
  char* to = bytes_.room(read_size / 2);
  count_in(*shape_);
  ssize_t got = from.receive(to, std::min(bytes_.room(), read_size));
  if (got <= 0) {
    return got == 0 ? Step::End : errno == EAGAIN ? Step::Blocked : Step::Failed;
  }
  bytes_.grew(static_cast<size_t>(got));
  shape_->rows.feed().count_bytes(static_cast<uint64_t>(got));
  return Step::Some;
}

ForwardReader::Turn ForwardReader::wrong(const char* why) {
  fault_ = why;
  chunks_.clear();
  return Turn::Wrong;
}

ForwardReader::Turn ForwardReader::advance() {
  switch (phase_) {
    case Phase::Ping:
      return take_ping();
    case Phase::Message:
      return open_message();
    case Phase::Single:
      return take_entry(bytes_, SIZE_MAX, left_);
    case Phase::Entries:
      return take_entries();
    case Phase::Packed:
      return take_packed();
    case Phase::Gzip:
      return take_gzip();
    case Phase::Options:
      return take_options();
  }
  return Turn::Short;
}

void ForwardReader::take(WaitingBytes& from, size_t bytes) {
  from.take(bytes);
  if (&from == &bytes_) {
    left_ -= std::min<uint64_t>(left_, bytes);
  }
}

/// Walks over the entry that stands first in `from`, of whose bytes `size` may be looked at, and makes a row of it.
ForwardReader::Turn ForwardReader::take_entry(WaitingBytes& from, size_t size, uint64_t most) {
  std::string_view window = from.view().substr(0, size);
  if (!is_walking_) {
    if (window.empty()) {
      return Turn::Short;
    }
    walk_.begin(most, phase_ == Phase::Single ? 2 : 1, ObjectWalk::max_depth);
    is_walking_ = true;
    is_long_ = false;
    walked_ = 0;
  }
  Stride stride = walk_.go(window.substr(walked_));
  walked_ += stride.taken;
  if (stride.end == Stride::End::Wrong) {
    return wrong(walk_.fault());
  }
  // Where many peers have long entries that do not end, there is no room for more of one.
  bool is_short = walked_ >= least_kept && shape_->buffered > shape_->most_buffered;
  is_long_ = is_long_ || walked_ > rules_.max_record || (is_short && stride.end == Stride::End::Unfinished);
  if (stride.end == Stride::End::Unfinished) {
    if (is_long_) {
      take(from, walked_);
      walked_ = 0;
    }
    return Turn::Short;
  }
  if (is_long_) {
    shape_->rows.feed().lose(Loss::TooLong, 1);
  } else if (!put(window.substr(0, walked_))) {
    return *fault_ != '\0' ? Turn::Wrong : Turn::Full;
  }
  take(from, walked_);
  is_walking_ = false;
  if (phase_ == Phase::Single) {
    return end_entries();
  }
  entries_ -= phase_ == Phase::Entries ? 1 : 0;
  return Turn::Went;
}

ForwardReader::Turn ForwardReader::take_entries() {
  return entries_ == 0 ? end_entries() : take_entry(bytes_, SIZE_MAX, left_);
}

ForwardReader::Turn ForwardReader::take_packed() {
  if (left_ == 0) {
    return is_walking_ ? wrong("a chunk that ends within an entry") : end_entries();
  }
  Turn turn = take_entry(bytes_, left_, left_);
  bool is_all_there = bytes_.view().size() >= left_ && left_ > 0;
  return turn == Turn::Short && is_all_there ? wrong("a chunk that ends within an entry") : turn;
}

ForwardReader::Turn ForwardReader::take_gzip() {
  Turn turn = take_entry(inflated_, SIZE_MAX, ChunkInflater::most_inflated);
  if (turn != Turn::Short) {
    return turn;
  }
  turn = inflate_some();
  if (turn != Turn::Short || left_ > 0) {
    return turn;
  }
  if (is_walking_ || !inflater_->is_whole()) {
    return wrong("a chunk that ends within an entry");
  }
  inflater_.reset();
  return end_entries();
}

/// Short: nothing came of it.
ForwardReader::Turn ForwardReader::inflate_some() {
  std::string_view packed = bytes_.view().substr(0, left_);
  char* to = inflated_.room(read_size);
  ChunkInflater::Made made = inflater_->go(packed, to, read_size);
  if (inflater_->fault() != nullptr) {
    return wrong(inflater_->fault());
  }
  take(bytes_, made.taken);
  inflated_.grew(made.made);
  inflated_now_ += made.made;
  return made.taken + made.made > 0 ? Turn::Went : Turn::Short;
}

ForwardReader::Turn ForwardReader::end_entries() {
  phase_ = Phase::Options;
  return has_options_ ? Turn::Went : end_message({});
}

}  // namespace stook
