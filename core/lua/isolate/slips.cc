// SPDX-License-Identifier: Apache-2.0
#include "core/lua/isolate/slips.hh"

#include "core/data/object.hh"

namespace stook {

namespace {
template <class Word>
void put_word(std::string& to, Word word) {
  char bytes[sizeof word];
  std::memcpy(bytes, &word, sizeof word);
  to.append(bytes, sizeof word);
}

// What a text must look like to be written bare as a number.
bool is_number_text(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

bool is_sound(const Cell& cell) {
  if (cell.type == Type::Address) {
    return cell.size == 4 || cell.size == 16;
  }
  if (cell.type == Type::Object) {
    return is_object(cell.bytes());
  }
  return !cell.is_number || (cell.type == Type::Text && is_number_text(cell.bytes()));
}
}  // namespace

std::string& SlipBatch::open(SlipKind kind) {
  bool is_open = open_ != none && static_cast<SlipKind>(bytes_[open_ + 4]) == kind && bytes_.size() - open_ < usual;
  if (!is_open) {
    close();
    open_ = bytes_.size();
    bytes_.append(4, '\0');
    bytes_ += static_cast<char>(kind);
  }
  return bytes_;
}

void SlipBatch::close() {
  if (open_ != none) {
    auto size = static_cast<uint32_t>(bytes_.size() - open_ - SlipCutter::head);
    std::memcpy(bytes_.data() + open_, &size, sizeof size);
    open_ = none;
  }
}

void SlipBatch::put(SlipKind kind, std::string_view bytes) {
  close();
  open(kind).append(bytes);
  close();
}

void SlipBatch::take(size_t size) {
  sent_ += size;
  if (sent_ == bytes_.size()) {
    bytes_.clear();
    sent_ = 0;
  } else if (sent_ > bytes_.size() / 2) {
    bytes_.erase(0, sent_);
    sent_ = 0;
  }
}

SlipCutter::Step SlipCutter::next(Slip& slip) {
  size_t left = bytes_.size() - begin_;
  uint32_t size = 0;
  if (left >= head) {
    std::memcpy(&size, bytes_.data() + begin_, sizeof size);
    auto kind = static_cast<uint8_t>(bytes_[begin_ + 4]);
    if (size > most_ || kind > static_cast<uint8_t>(SlipKind::Resume)) {
      return Step::Wrong;
    }
    if (left - head >= size) {
      slip = {static_cast<SlipKind>(kind), std::string_view(bytes_).substr(begin_ + head, size)};
      begin_ += head + size;
      return Step::Slip;
    }
  }
  bytes_.erase(0, begin_);
  begin_ = 0;
  return Step::More;
}

bool SlipCutter::take_rest(Slip& slip) {
  if (bytes_.size() - begin_ < head) {
    return false;
  }
  slip = {static_cast<SlipKind>(bytes_[begin_ + 4]), std::string_view(bytes_).substr(begin_ + head)};
  begin_ = bytes_.size();
  return true;
}

void put_slip_row(std::string& to, const Bundle& bundle, Row row) {
  size_t head = to.size();
  uint16_t cells = 0;
  put_word(to, cells);
  for (size_t key = 0; key < bundle.keys(); key++) {
    const Column* column = bundle.column(static_cast<KeyId>(key));
    const Cell* cell = column != nullptr ? column->find(row) : nullptr;
    if (cell == nullptr) {
      continue;
    }
    cells++;
    put_word(to, static_cast<uint16_t>(key));
    put_word(to, static_cast<uint8_t>(cell->type));
    put_word(to, static_cast<uint8_t>(cell->is_number ? 1 : 0));
    if (cell->is_slice()) {
      put_word(to, cell->size);
      to.append(cell->bytes());
    } else {
      put_word(to, cell->bits);
    }
  }
  std::memcpy(to.data() + head, &cells, sizeof cells);
}

bool SlipRows::next_cell(Cell& cell) {
  uint8_t type = 0;
  uint8_t is_number = 0;
  if (!read(type) || !read(is_number) || type >= static_cast<uint8_t>(Type::Mixed)) {
    return false;
  }
  cell.type = static_cast<Type>(type);
  cell.is_number = is_number == 1;
  if (!cell.is_slice()) {
    return read(cell.bits) && !cell.is_number;
  }
  uint32_t size = 0;
  if (!read(size) || size > bytes_.size()) {
    return false;
  }
  cell.data = bytes_.data();
  cell.size = size;
  bytes_.remove_prefix(size);
  return is_sound(cell);
}

}  // namespace stook
