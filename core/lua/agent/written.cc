// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/written.hh"

#include <arpa/inet.h>

#include <cmath>

#include "core/base/clock.hh"
#include "core/data/object.hh"
#include "core/lua/typed.hh"

namespace stook {

namespace {
constexpr size_t most_members = 1024;
constexpr size_t nowhere = SIZE_MAX;
constexpr double integer_end = 9223372036854775808.0;  // 2^63

bool read_address(Arena& arena, Cell& cell) {
  char bytes[16];
  std::string text(cell.bytes());
  size_t size = ::inet_pton(AF_INET, text.c_str(), bytes) == 1 ? 4 : 16;
  if (size == 16 && ::inet_pton(AF_INET6, text.c_str(), bytes) != 1) {
    return false;
  }
  cell = Cell::of_slice(Type::Address, arena.copy({bytes, size}));
  return true;
}
}  // namespace

WrittenRows::WrittenRows(Feed& feed, const std::vector<Key>& keys, Tokens& tokens)
    : feed_(feed), keys_(keys), tokens_(tokens), time_(keys.size()), rest_(keys.size()) {
  for (size_t j = 0; j < keys.size(); j++) {
    time_ = keys[j].is_meta ? j : time_;
    rest_ = keys[j].name == "rest" ? j : rest_;
  }
}

// Members come in much the same order from row to row, so the key behind the last one is likely.
size_t WrittenRows::find(std::string_view name) {
  for (size_t i = 0; i < keys_.size(); i++) {
    size_t place = next_key_ < keys_.size() ? next_key_ : 0;
    next_key_ = place + 1;
    if (keys_[place].name == name) {
      return place;
    }
  }
  return nowhere;
}

// The value as one of the declared type; false: it is none.
bool WrittenRows::fit(Type type, Cell& cell, Arena& arena) const {
  bool is_whole_key = type == Type::Integer || type == Type::Unsigned || type == Type::Time;
  if (type == Type::Mixed || cell.type == Type::Null || type == cell.type) {
    return true;
  }
  if (cell.type == Type::Real && is_whole_key && std::floor(cell.real) == cell.real &&
      std::abs(cell.real) < integer_end) {
    cell = Cell::of_integer(static_cast<int64_t>(cell.real));
  }
  if (cell.type == Type::Integer && is_whole_key && (type != Type::Unsigned || cell.integer >= 0)) {
    cell.type = type;
    return true;
  }
  if (type == Type::Real && (cell.type == Type::Integer || cell.type == Type::Unsigned)) {
    cell =
        Cell::of_real(cell.type == Type::Integer ? static_cast<double>(cell.integer) : static_cast<double>(cell.bits));
    return true;
  }
  if (cell.type == Type::Text && type == Type::Bytes) {
    cell.type = type;
    cell.is_number = false;
    return true;
  }
  if (cell.type == Type::Text && type == Type::Address) {
    return read_address(arena, cell);
  }
  return is_of(type, cell.type) && cell.type != Type::Integer;
}

bool WrittenRows::take(const JsonMember& member) {
  size_t place = find(member.key);
  if (place == nowhere || keys_[place].is_meta) {
    others_.push_back(&member);
    return others_.size() <= most_members;
  }
  taken_.push_back({place, member.value});
  return true;
}

Cell WrittenRows::rest_of(Arena& arena) const {
  size_t room = 5;
  for (const JsonMember* member : others_) {
    room += member->key.size() + 6 + cell_room(member->value);
  }
  char* begin = arena.reserve(room);
  char* to = put_map_head(begin, static_cast<uint32_t>(others_.size()));
  for (const JsonMember* member : others_) {
    to = put_cell(put_cell(to, Cell::of_text(member->key)), member->value);
  }
  auto size = static_cast<size_t>(to - begin);
  arena.commit(size);
  Cell cell = Cell::of_slice(Type::Object, {begin, size});
  cell.is_number = true;  // the row's own members: codecs write them as keys
  return cell;
}

void WrittenRows::put(Bundle& bundle) {
  Arena& arena = bundle.arena();
  std::string_view text = arena.copy(pieces_.piece());
  if (!reader_.read_members(text, arena)) {
    return lose(reader_.reason(), text);
  }
  taken_.clear();
  others_.clear();
  for (const JsonMember& member : reader_.members()) {
    if (!take(member)) {
      return lose("a row of more than 1024 keys", text);
    }
  }
  for (Taken& one : taken_) {
    Type came = one.cell.type;
    if (!fit(keys_[one.place].type, one.cell, arena)) {
      reason_ = "key '" + keys_[one.place].name + "' is declared " + std::string(type_name(keys_[one.place].type)) +
                ", and this is a " + std::string(type_name(came));
      return lose(reason_, text);
    }
  }
  if (bundle.rows() == 0) {
    tokens_.begin_bundle(feed_);
  }
  Row row = bundle.append();
  auto set = [&](size_t place, const Cell& cell) {
    KeyId id = place < keys_.size() ? feed_.out(place) : no_key;
    if (id != no_key) {
      bundle.put(id, row, cell);
    }
  };
  for (const Taken& one : taken_) {
    set(one.place, one.cell);
  }
  if (!others_.empty()) {
    set(rest_, rest_of(arena));
  }
  if (time_ < keys_.size() && feed_.out(time_) != no_key) {
    set(time_, Cell::of_time(wall_ns()));
  }
}

bool WrittenRows::drain() {
  using Step = JsonPieces::Step;
  for (;;) {
    Step step = has_piece_ ? Step::Piece : pieces_.next();
    has_piece_ = false;
    if (step == Step::More) {
      return true;
    }
    if (step == Step::Broken) {
      lose(pieces_.reason(), pieces_.piece());
      continue;
    }
    Bundle* bundle = feed_.bundle();
    if (bundle == nullptr) {
      has_piece_ = true;
      return false;
    }
    put(*bundle);
  }
}

void WrittenRows::end() {
  if (pieces_.has_rest()) {
    lose("it has no end", "");
  }
  pieces_ = JsonPieces();
  has_piece_ = false;
}

uint64_t WrittenRows::abandon() {
  uint64_t rows = has_piece_ ? 1 : 0;
  for (auto step = pieces_.next(); step != JsonPieces::Step::More; step = pieces_.next()) {
    rows++;
  }
  rows += pieces_.has_rest() ? 1 : 0;
  pieces_ = JsonPieces();
  has_piece_ = false;
  return rows;
}

void WrittenRows::lose(std::string_view reason, std::string_view text) {
  feed_.lose(Loss::Framing, 1);
  if (auto pass = limit_.pass()) {
    log_event(
        Level::Warning, "framing_error",
        Fields()("instance", feed_.id())("reason", reason)("text", text.substr(0, 64))("suppressed", pass.suppressed));
  }
}

}  // namespace stook
