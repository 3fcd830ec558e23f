// SPDX-License-Identifier: Apache-2.0
#include "core/net/stream_reader.hh"

#include <errno.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace stook {

namespace {

constexpr size_t least_buffer = 4096;
constexpr size_t least_read = 2048;

/// How many bytes to read behind those pending, so that the bundle is about full and little is left for the next one.
size_t wanted(const StreamShape& shape, const Bundle& bundle, size_t used, size_t pending) {
  size_t budget = used < Feed::arena_budget ? Feed::arena_budget - used : 0;
  size_t goal = std::min(bundle.room() * shape.average + shape.average / 2, budget);
  return std::max(goal > pending ? goal - pending : 0, least_read);
}

StreamReader::Step step_of(ssize_t got) {
  using Step = StreamReader::Step;
  return got > 0 ? Step::Some : got == 0 ? Step::End : errno == EAGAIN ? Step::Blocked : Step::Failed;
}

}  // namespace

void StreamReader::shrink(StreamShape& shape) {
  if (pending_size_ == 0) {
    count_out(shape);
    pending_.reset();
    pending_room_ = 0;
  }
}

/// Whether so many bytes and a read behind them are more than there is for long records.
bool StreamReader::is_short(const StreamShape& shape, size_t size) const {
  size_t room = std::bit_ceil(size + least_read);
  return size >= least_buffer && room > pending_room_ && shape.buffered + (room - pending_room_) > shape.most_buffered;
}

// COLD: the buffer grows to its bound, and goes when it has been empty for a while.
void StreamReader::make_room(StreamShape& shape, size_t size) {
  if (size <= pending_room_) {
    return;
  }
  size_t room = std::bit_ceil(std::max(size, least_buffer));
  auto larger = std::make_unique<char[]>(room);
  if (pending_size_ > 0) {
    std::memcpy(larger.get(), pending_.get(), pending_size_);
  }
  count_out(shape);
  pending_ = std::move(larger);
  pending_room_ = static_cast<uint32_t>(room);
  count_in(shape);
}

void StreamReader::keep(StreamShape& shape, std::string_view rest) {
  pending_size_ = 0;
  if (!rest.empty()) {
    make_room(shape, rest.size());
    std::memcpy(pending_.get(), rest.data(), rest.size());
    pending_size_ = static_cast<uint32_t>(rest.size());
  }
}

StreamReader::Step StreamReader::read(Receiver& from, StreamShape& shape, const Peer& peer, uint64_t number) {
  peer_ = &peer;
  number_ = number;
  if (!has_records_) {
    Bundle* bundle = shape.rows.feed().bundle(number_);
    if (bundle == nullptr) {
      return Step::Paused;
    }
    // A long record grows in the buffer; were it read behind a copy of its begin, each read would copy all of it.
    Step step =
        pending_size_ < least_buffer ? receive_into_arena(from, shape, *bundle) : receive_into_buffer(from, shape);
    if (step != Step::Some || !has_records_) {
      return step;
    }
  }
  return cut_pending(shape);
}

StreamReader::Step StreamReader::receive_into_arena(Receiver& from, StreamShape& shape, Bundle& bundle) {
  Arena& arena = bundle.arena();
  size_t size = wanted(shape, bundle, arena.used(), pending_size_);
  char* begin = arena.reserve(pending_size_ + size);
  ssize_t got = from.receive(begin + pending_size_, size);
  if (got <= 0) {
    return step_of(got);
  }
  shape.rows.feed().count_bytes(static_cast<uint64_t>(got));
  if (pending_size_ > 0) {
    std::memcpy(begin, pending_.get(), pending_size_);
  }
  return cut(shape, bundle, {begin, pending_size_ + static_cast<size_t>(got)});
}

StreamReader::Step StreamReader::receive_into_buffer(Receiver& from, StreamShape& shape) {
  if (is_short(shape, pending_size_)) {
    has_records_ = true;  // its begin, which is cut
    return Step::Some;
  }
  make_room(shape, pending_size_ + least_read);
  ssize_t got = from.receive(pending_.get() + pending_size_, pending_room_ - pending_size_);
  if (got <= 0) {
    return step_of(got);
  }
  shape.rows.feed().count_bytes(static_cast<uint64_t>(got));
  pending_size_ += static_cast<uint32_t>(got);
  has_records_ = has_frame(shape.rules, state_, {pending_.get(), pending_size_}, scanned_);
  scanned_ = has_records_ ? scanned_ : pending_size_;
  return Step::Some;
}

/// The next record; the begin of an unfinished one when there is no room for the rest.
inline Frame StreamReader::next(StreamShape& shape, FrameCutter& cutter) const {
  Frame frame = cutter.next();
  if (frame.kind == Frame::Kind::Unfinished && is_short(shape, cutter.rest().size())) {
    shape.rules.cut_at = cutter.rest().size() / 2;
    frame = cutter.next();
    shape.rules.cut_at = SIZE_MAX;
  }
  return frame;
}

StreamReader::Step StreamReader::cut_pending(StreamShape& shape) {
  Step step = Step::Some;
  while (has_records_ && step == Step::Some) {
    Bundle* bundle = shape.rows.feed().bundle(number_);
    if (bundle == nullptr) {
      return Step::Paused;
    }
    char* begin = bundle->arena().reserve(pending_size_);
    std::memcpy(begin, pending_.get(), pending_size_);
    step = cut(shape, *bundle, {begin, pending_size_});
  }
  return step;
}

/// Makes rows of what stands at the next free byte of the arena, until the bundle is full or no whole record is left.
StreamReader::Step StreamReader::cut(StreamShape& shape, Bundle& bundle, std::string_view bytes) {
  FrameCutter cutter(shape.rules, state_, bytes, scanned_);
  size_t first = bundle.rows();
  Frame frame{};
  Column* message = shape.rows.column(bundle, NetKey::Message);
  bool has_ids = shape.rows.wants(NetKey::Id);
  shape.positions.clear();
  bool has_room = bundle.has_room();
  for (; has_room; has_room = bundle.has_room()) {
    frame = next(shape, cutter);
    if (frame.kind == Frame::Kind::Unfinished || frame.kind == Frame::Kind::Wrong) {
      break;
    }
    Row row = bundle.append();
    if (message != nullptr) {
      message->set(row, Cell::of_text(frame.text));
    }
    if (frame.kind == Frame::Kind::Cut) {
      if (Column* truncated = shape.rows.column(bundle, NetKey::Truncated)) {
        truncated->set(row, Cell::of_boolean(true));
      }
    }
    if (has_ids) {
      shape.positions.push_back(position_ + static_cast<uint64_t>(frame.text.data() - bytes.data()));
    }
  }
  bool is_wrong = frame.kind == Frame::Kind::Wrong;
  has_records_ = false;
  std::string_view rest = cutter.rest();
  if (!has_room) {
    // A look ahead, so that what is pending without a whole record begins with the next one: nothing to skip, no empty line.
    FrameState ahead = state_;
    FrameCutter look(shape.rules, ahead, rest);
    has_records_ = look.next().kind != Frame::Kind::Unfinished;
    rest = has_records_ ? rest : look.rest();
    state_ = has_records_ ? state_ : ahead;
  }
  size_t consumed = bytes.size() - rest.size();
  // The rest has to leave before anything else is taken from the arena, and before the bundle does.
  keep(shape, is_wrong ? std::string_view() : rest);
  position_ += consumed;
  scanned_ = has_records_ ? 0 : pending_size_;
  fault_ = cutter.fault();
  if (size_t rows = bundle.rows() - first; rows > 0) {
    bundle.arena().commit(consumed);
    shape.average = (7 * shape.average + consumed / rows) / 8 + 1;
    fill(shape, bundle, first);
  }
  return is_wrong ? Step::Wrong : Step::Some;
}

/// Puts what is the same in all new rows, and their ids.
void StreamReader::fill(StreamShape& shape, Bundle& bundle, size_t first) {
  shape.rows.put_time(bundle, first);
  shape.rows.put_peer(bundle, first, *peer_);
  for (size_t i = 0; i < shape.positions.size(); i++) {
    shape.rows.put_id(bundle, static_cast<Row>(first + i), number_, shape.positions[i]);
  }
}

bool StreamReader::flush(StreamShape& shape, const Peer& peer, uint64_t number) {
  std::string_view text = unfinished_text(shape.rules, state_, {pending_.get(), pending_size_});
  if (!text.empty()) {
    Bundle* bundle = shape.rows.feed().bundle(number);
    if (bundle == nullptr) {
      return false;
    }
    peer_ = &peer;
    number_ = number;
    Row row = bundle->append();
    if (Column* message = shape.rows.column(*bundle, NetKey::Message)) {
      message->set(row, Cell::of_text(bundle->arena().copy(text)));
    }
    if (Column* partial = shape.rows.column(*bundle, NetKey::Partial)) {
      partial->set(row, Cell::of_boolean(true));
    }
    shape.positions.clear();
    if (shape.rows.wants(NetKey::Id)) {
      shape.positions.push_back(position_ + static_cast<uint64_t>(text.data() - pending_.get()));
    }
    fill(shape, *bundle, row);
  }
  position_ += pending_size_;
  pending_size_ = scanned_ = 0;
  state_ = {};
  return true;
}

}  // namespace stook
