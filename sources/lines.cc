// SPDX-License-Identifier: Apache-2.0
#include "sources/lines.hh"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/clock.hh"

namespace stook {

namespace {

constexpr size_t least_read = 1024;

}  // namespace

std::string Bytes::reason() const {
  return std::strerror(error_);
}

ssize_t PlainBytes::read(char* to, size_t size) {
  ssize_t got;
  do {
    got = ::read(fd_, to, size);
  } while (got < 0 && errno == EINTR);
  error_ = got < 0 ? errno : 0;
  return got;
}

void declare_lines(Wiring& wiring, size_t count) {
  const Key keys[tail_keys] = {
      {"message", Type::Text, "", "the line, without its newline", false},
      {"truncated", Type::Boolean, "", "set when the line was longer than max_line", false},
      {"recv.time", Type::Time, "", "when the line was read", true},
      {"stook.id", Type::Text, "", "tells the row from all others, the same when it is read again", true},
      {"file.path", Type::Text, "", "the file the line was read from", true},
      {"file.offset", Type::Unsigned, "bytes", "where the line begins in the file, decompressed", true},
      {"partial", Type::Boolean, "", "set when the line had no newline yet", false},
  };
  wiring.writes.insert(wiring.writes.end(), keys, keys + count);
}

std::string id_of_file(std::string_view source, const Inode& inode, uint64_t lives) {
  std::string id(source);
  id += ':';
  for (uint64_t number : {inode.device, inode.number, inode.generation + lives}) {
    id += std::to_string(number) + '.';
  }
  return id;
}

void LineReader::attach(Feed& feed, size_t keys) {
  feed_ = &feed;
  keys_ = keys;
}

void LineReader::forget() {
  pending_size_ = 0;
  scanned_ = 0;
  has_lines_ = false;
}

void LineReader::keep(Rest rest) {
  if (rest.size > pending_room_) {
    // COLD: the buffer grows to its bound once.
    pending_room_ = std::max(rest.size, std::min(2 * pending_room_, max_line_ + least_read));
    pending_ = std::make_unique<char[]>(pending_room_);
  }
  if (rest.size > 0) {
    std::memcpy(pending_.get(), rest.begin, rest.size);
  }
  pending_size_ = rest.size;
}

Column* LineReader::column(Bundle& bundle, size_t key) const {
  KeyId id = key < keys_ ? feed_->out(key) : no_key;
  return id == no_key ? nullptr : &bundle.writable(id);
}

/// How many bytes to read, so that the bundle is about full and little is left over for the next one.
size_t LineReader::wanted(const Bundle& bundle, size_t used) const {
  size_t rows = rows_of_bundle_ > bundle.rows() ? rows_of_bundle_ - bundle.rows() : 1;
  size_t budget = used < Feed::arena_budget ? Feed::arena_budget - used : 0;
  size_t goal = std::min(rows * average_ + average_ / 2, budget);
  if (has_lines_ && pending_size_ + least_read > goal) {
    return 0;
  }
  if (!has_lines_ && pending_size_ + least_read > goal) {
    // A long line: each read doubles what is pending, so that a byte is copied twice and not once a read.
    return std::max(pending_size_, least_read);
  }
  return goal - pending_size_;
}

inline Row LineReader::append(Bundle& bundle, Column* message, std::string_view line, bool is_whole) {
  if (is_whole && !line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  Row row = bundle.append();
  rows_++;
  if (line.size() > max_line_) {
    line = line.substr(0, max_line_);
    truncated_++;
    if (Column* truncated = column(bundle, line_truncated)) {
      truncated->set(row, Cell::of_boolean(true));
    }
  }
  if (message != nullptr) {
    message->set(row, Cell::of_text(line));
  }
  return row;
}

/// Makes rows of the lines in [begin, end) until the bundle is full.
LineReader::Rest LineReader::cut(Bundle& bundle, const char* begin, const char* end, LineState& state) {
  const char* line = begin;
  const char* scan = begin + scanned_;
  uint64_t base = state.position;
  if (state.is_skipping) {
    const char* newline = static_cast<const char*>(std::memchr(begin, '\n', static_cast<size_t>(end - begin)));
    line = scan = newline == nullptr ? end : newline + 1;
    state.is_skipping = newline == nullptr;
  }
  Column* message = column(bundle, line_message);
  Column* offset = column(bundle, line_offset);
  bool has_ids = wants_id();
  offsets_.clear();
  size_t before = bundle.rows();
  while (bundle.has_room() && scan < end) {
    const char* newline = static_cast<const char*>(std::memchr(scan, '\n', static_cast<size_t>(end - scan)));
    if (newline == nullptr) {
      break;
    }
    std::string_view text(line, static_cast<size_t>(newline - line));
    if (!state.is_after_partial || (!text.empty() && text != "\r")) {
      Row row = append(bundle, message, text, true);
      if (offset != nullptr) {
        offset->set(row, Cell::of_unsigned(base + static_cast<uint64_t>(line - begin)));
      }
      if (has_ids) {
        offsets_.push_back(base + static_cast<uint64_t>(line - begin));
      }
    }
    state.is_after_partial = false;
    line = scan = newline + 1;
  }
  size_t rows = bundle.rows() - before;
  if (rows > 0) {
    average_ = (7 * average_ + static_cast<size_t>(line - begin) / rows) / 8 + 1;
  }
  // One byte more than the limit may still be the \r of a line that just fits.
  if (bundle.has_room() && static_cast<size_t>(end - line) > max_line_ + 1) {
    Row row = append(bundle, message, {line, static_cast<size_t>(end - line)}, false);
    if (offset != nullptr) {
      offset->set(row, Cell::of_unsigned(base + static_cast<uint64_t>(line - begin)));
    }
    if (has_ids) {
      offsets_.push_back(base + static_cast<uint64_t>(line - begin));
    }
    state.is_skipping = true;
    line = end;
  }
  state.position = base + static_cast<uint64_t>(line - begin);
  return {line, static_cast<size_t>(end - line)};
}

/// Puts what is the same in all new rows.
void LineReader::fill(Bundle& bundle, size_t first, const LineOrigin& origin) {
  auto all = [&](Column* column, const Cell& cell) {
    for (size_t row = first; row < bundle.rows(); row++) {
      column->set(static_cast<Row>(row), cell);
    }
  };
  if (Column* time = column(bundle, line_recv_time)) {
    all(time, Cell::of_time(wall_ns()));
  }
  if (Column* where = column(bundle, line_path)) {
    all(where, Cell::of_text(bundle.arena().copy(origin.path)));
  }
  if (wants_id()) {
    fill_ids(bundle, first, origin.id);
  }
}

void LineReader::fill_ids(Bundle& bundle, size_t first, std::string_view id) {
  constexpr size_t digits = 20;
  Column& column = bundle.writable(feed_->out(line_id));
  for (size_t row = first; row < bundle.rows(); row++) {
    char* begin = bundle.arena().reserve(id.size() + digits);
    std::memcpy(begin, id.data(), id.size());
    char* end = std::to_chars(begin + id.size(), begin + id.size() + digits, offsets_[row - first]).ptr;
    bundle.arena().commit(static_cast<size_t>(end - begin));
    column.set(static_cast<Row>(row), Cell::of_text({begin, static_cast<size_t>(end - begin)}));
  }
}

LineReader::Step LineReader::read(Bytes& bytes, LineState& state, const LineOrigin& origin) {
  Bundle* bundle = feed_->bundle(origin.partition);
  if (bundle == nullptr) {
    return Step::Paused;
  }
  Arena& arena = bundle->arena();
  size_t size = wanted(*bundle, arena.used());
  char* begin = arena.reserve(pending_size_ + size);
  ssize_t got = size > 0 ? bytes.read(begin + pending_size_, size) : 0;
  if (got > 0) {
    feed_->count_bytes(static_cast<uint64_t>(got));
  } else if (!has_lines_) {
    return got == 0 ? Step::End : errno == EAGAIN ? Step::Blocked : Step::Failed;
  }
  if (pending_size_ > 0) {
    std::memcpy(begin, pending_.get(), pending_size_);
  }
  const char* end = begin + pending_size_ + static_cast<size_t>(std::max<ssize_t>(got, 0));
  size_t first = bundle->rows();
  Rest rest = cut(*bundle, begin, end, state);
  // The rest has to leave before anything else is taken from the arena, and before the bundle does.
  keep(rest);
  scanned_ = pending_size_;
  has_lines_ = false;
  if (!bundle->has_room()) {
    rows_of_bundle_ = bundle->rows();
    has_lines_ = pending_size_ > max_line_ + 1 ||
                 (pending_size_ > 0 && std::memchr(pending_.get(), '\n', pending_size_) != nullptr);
    scanned_ = has_lines_ ? 0 : pending_size_;
  }
  if (bundle->rows() > first) {
    arena.commit(static_cast<size_t>(rest.begin - begin));
    fill(*bundle, first, origin);
  }
  return Step::Some;
}

bool LineReader::flush(LineState& state, const LineOrigin& origin, bool is_partial) {
  if (pending_size_ == 0 || state.is_skipping) {
    return true;
  }
  Bundle* bundle = feed_->bundle(origin.partition);
  if (bundle == nullptr) {
    return false;
  }
  Row row = append(*bundle, column(*bundle, line_message), bundle->arena().copy({pending_.get(), pending_size_}),
                   !is_partial);
  if (Column* offset = column(*bundle, line_offset)) {
    offset->set(row, Cell::of_unsigned(state.position));
  }
  if (Column* partial = is_partial ? column(*bundle, line_partial) : nullptr) {
    partial->set(row, Cell::of_boolean(true));
  }
  offsets_.assign(1, state.position);
  fill(*bundle, row, origin);
  state.position += pending_size_;
  state.is_after_partial = is_partial;
  forget();
  return true;
}

}  // namespace stook
