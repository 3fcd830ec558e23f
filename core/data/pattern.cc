// SPDX-License-Identifier: Apache-2.0
#include "core/data/pattern.hh"

#include <ctime>
#include <stdexcept>

#include "core/data/json_text.hh"

namespace stook {

namespace {
bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

int hex_value(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

// Reads a pattern from left to right.
class PatternReader {
 public:
  PatternReader(std::string_view text, bool is_path) : text_(text), is_path_(is_path) {}

  std::vector<Pattern::Piece> read() {
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (c == '\\') {
        literal_ += escape();
      } else if (c != '$') {
        literal_ += c;
      } else if (at_ < text_.size() && text_[at_] == '$') {
        literal_ += '$';
        at_++;
      } else if (at_ < text_.size() && text_[at_] == '{') {
        at_++;
        braced();
      } else {
        plain();
      }
    }
    flush();
    return std::move(pieces_);
  }

 private:
  void flush() {
    if (!literal_.empty()) {
      pieces_.push_back({literal_, {}, {}});
      literal_.clear();
    }
  }

  char escape() {
    if (at_ == text_.size()) {
      throw std::invalid_argument("a backslash at the end; write \\\\ for a backslash");
    }
    char c = text_[at_++];
    switch (c) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case '0':
        return '\0';
      case '\\':
      case '$':
      case '"':
        return c;
      case 'x':
        if (at_ + 2 <= text_.size() && hex_value(text_[at_]) >= 0 && hex_value(text_[at_ + 1]) >= 0) {
          at_ += 2;
          return static_cast<char>(hex_value(text_[at_ - 2]) * 16 + hex_value(text_[at_ - 1]));
        }
        throw std::invalid_argument("\\x without two hexadecimal digits; \\x1b is an escape character");
      default:
        throw std::invalid_argument(std::string("unknown escape \\") + c + "; known are \\n \\t \\r \\0 \\xNN \\\\");
    }
  }

  void plain() {
    size_t begin = at_;
    while (at_ < text_.size() &&
           (is_name_char(text_[at_]) || (!is_path_ && text_[at_] == '.' && at_ > begin && at_ + 1 < text_.size() &&
                                         is_name_char(text_[at_ + 1])))) {
      at_++;
    }
    if (at_ == begin) {
      throw std::invalid_argument("a $ without a name behind it; write $$ for a dollar");
    }
    add({{}, std::string(text_.substr(begin, at_ - begin)), {}});
  }

  void braced() {
    size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) {
      throw std::invalid_argument("${ without }; write $$ for a dollar");
    }
    std::string_view inside = text_.substr(at_, close - at_);
    at_ = close + 1;
    Pattern::Piece piece;
    size_t fallback = inside.find(":-");
    if (fallback != std::string_view::npos) {
      piece.text = inside.substr(fallback + 2);
      inside = inside.substr(0, fallback);
    }
    size_t format = inside.find(":%");
    if (format != std::string_view::npos) {
      piece.format = inside.substr(format + 1);
      inside = inside.substr(0, format);
    }
    if (inside.empty()) {
      throw std::invalid_argument("${} without a name; write $$ for a dollar");
    }
    if (piece.format.size() > 64) {
      throw std::invalid_argument("a time format of more than 64 bytes; shorten it");
    }
    piece.key = inside;
    add(std::move(piece));
  }

  void add(Pattern::Piece piece) {
    flush();
    pieces_.push_back(std::move(piece));
  }

  std::string_view text_;
  bool is_path_;
  size_t at_ = 0;
  std::string literal_;
  std::vector<Pattern::Piece> pieces_;
};

void append_time(Payload& out, int64_t ns, const std::string& format) {
  constexpr int64_t second = 1'000'000'000;
  time_t seconds = ns / second - (ns % second < 0 ? 1 : 0);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr size_t room = 1024;
  char* to = out.room(room);
  out.commit(to + std::strftime(to, room, format.c_str(), &parts));
}

// Makes the bytes from `begin` on harmless in a path.
void reduce(Payload& out, size_t begin) {
  char* first = out.room(0) - (out.size() - begin);
  size_t size = out.size() - begin;
  size = size > Pattern::address_limit ? Pattern::address_limit : size;
  for (size_t i = 0; i < size; i++) {
    char c = first[i];
    bool is_second_dot = c == '.' && (i == 0 || first[i - 1] == '.');
    if (is_second_dot || (!is_name_char(c) && c != '.' && c != '-')) {
      first[i] = '_';
    }
  }
  out.commit(first + size);
}
}  // namespace

Pattern::Pattern(std::string_view text, bool is_path) : pieces_(PatternReader(text, is_path).read()) {
  std::vector<std::string> names = keys();
  for (const Piece& piece : pieces_) {
    int index = -1;
    for (size_t i = 0; i < names.size() && !piece.key.empty(); i++) {
      index = names[i] == piece.key ? static_cast<int>(i) : index;
    }
    key_of_piece_.push_back(index);
  }
}

std::vector<std::string> Pattern::keys() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_) {
    bool is_known = piece.key.empty();
    for (const std::string& name : names) {
      is_known = is_known || name == piece.key;
    }
    if (!is_known) {
      names.push_back(piece.key);
    }
  }
  return names;
}

bool Pattern::has_keys() const {
  for (const Piece& piece : pieces_) {
    if (!piece.key.empty()) {
      return true;
    }
  }
  return false;
}

void Pattern::expand_piece(size_t i, const Cell* cell, Payload& out) const {
  const Piece& piece = pieces_[i];
  if (cell == nullptr) {
    out.append(std::string_view(piece.text));
  } else if (!piece.format.empty() && cell->type == Type::Time) {
    append_time(out, cell->integer, piece.format);
  } else {
    append_text(out, *cell);
  }
}

namespace {
const Cell* value_of(const Batch& batch, const KeyId* ids, int key, Row row) {
  const Column* column = key < 0 ? nullptr : batch.read(ids[key]);
  return column == nullptr ? nullptr : column->find(row);
}
}  // namespace

void Pattern::expand(const Batch& batch, const KeyId* ids, Row row, Payload& out) const {
  for (size_t i = 0; i < pieces_.size(); i++) {
    expand_piece(i, value_of(batch, ids, key_of_piece_[i], row), out);
  }
}

void Pattern::expand_address(const Batch& batch, const KeyId* ids, Row row, Payload& out) const {
  for (size_t i = 0; i < pieces_.size(); i++) {
    const Cell* cell = value_of(batch, ids, key_of_piece_[i], row);
    size_t begin = out.size();
    expand_piece(i, cell, out);
    if (cell != nullptr) {
      reduce(out, begin);
    }
    if (out.size() == begin && key_of_piece_[i] >= 0) {
      out.append('_');
    }
  }
}

}  // namespace stook
