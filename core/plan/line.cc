// SPDX-License-Identifier: Apache-2.0
#include "core/plan/line.hh"

#include <algorithm>

#include "core/base/text.hh"

namespace stook {

Place Line::place(size_t offset, size_t length) const {
  const Piece* piece = &pieces.front();
  for (const Piece& next : pieces) {
    if (next.offset <= offset) {
      piece = &next;
    }
  }
  size_t column = std::min(offset - piece->offset, piece->source.size());
  size_t left = piece->source.size() - column;
  return {file, piece->line, static_cast<int>(column) + 1,
          static_cast<int>(std::max<size_t>(std::min(length, left), 1)), std::string(piece->source)};
}

std::vector<Pair::Run> Line::runs(size_t begin, size_t size) const {
  std::vector<Pair::Run> out;
  for (size_t i = 0; i < pieces.size(); i++) {
    size_t end = i + 1 < pieces.size() ? pieces[i + 1].offset : text.size();
    size_t first = std::max(begin, pieces[i].offset);
    if (first < std::min(end, begin + size)) {
      out.push_back({first - begin, place(first, std::min(end, begin + size) - first)});
    }
  }
  return out;
}

bool LineCutter::next(Line& line) {
  line.text.clear();
  line.pieces.clear();
  line.file = file_;
  if (rest_.empty()) {
    return false;
  }
  bool goes_on = true;
  while (goes_on && !rest_.empty()) {
    size_t end = rest_.find('\n');
    std::string_view source = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    number_++;
    if (!source.empty() && source.back() == '\r') {
      source.remove_suffix(1);
    }
    std::string_view head = trim(source);
    bool is_comment = line.pieces.empty() && !head.empty() && (head[0] == '#' || head[0] == ';');
    goes_on = !is_comment && !source.empty() && source.back() == '\\';
    line.pieces.push_back({line.text.size(), number_, source});
    line.text += goes_on ? source.substr(0, source.size() - 1) : source;
  }
  return true;
}

namespace {
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The offset of the quote that ends the one at `begin`, or npos.
size_t closing_quote(std::string_view text, size_t begin) {
  for (size_t i = begin + 1; i < text.size(); i++) {
    if (text[i] == '\\' && text[begin] == '"') {
      i++;
    } else if (text[i] == text[begin]) {
      return i;
    }
  }
  return std::string_view::npos;
}
}  // namespace

size_t value_end(std::string_view text, size_t begin) {
  for (size_t i = begin; i < text.size(); i++) {
    char c = text[i];
    bool is_after_blank = i == begin || text[i - 1] == ' ' || text[i - 1] == '\t';
    if ((c == '#' || c == ';') && is_after_blank) {
      return i;
    }
    // An apostrophe within a word opens no quote, nor does a quote that nobody closes.
    if (c == '"' || (c == '\'' && (i == begin || !is_word(text[i - 1])))) {
      size_t close = closing_quote(text, i);
      i = close == std::string_view::npos ? i : close;
    }
  }
  return text.size();
}

bool take_quotes(std::string& text, bool& is_verbatim) {
  if (text.size() < 2 || (text[0] != '"' && text[0] != '\'') || closing_quote(text, 0) != text.size() - 1) {
    return false;
  }
  is_verbatim = text[0] == '\'';
  std::string_view inner = std::string_view(text).substr(1, text.size() - 2);
  std::string out;
  for (size_t i = 0; i < inner.size(); i++) {
    char next = i + 1 < inner.size() ? inner[i + 1] : 0;
    if (inner[i] != '\\' || is_verbatim || (next != '"' && next != '\\' && next != 'n' && next != 't')) {
      out += inner[i];
      continue;
    }
    out += next == 'n' ? '\n' : next == 't' ? '\t' : next;
    i++;
  }
  text = std::move(out);
  return true;
}

bool is_secret(std::string_view name) {
  for (std::string_view end : {"password", "passphrase", "secret", "shared_key", "token"}) {
    if (name.size() >= end.size() && equal_in_any_case(name.substr(name.size() - end.size()), end)) {
      return true;
    }
  }
  return false;
}

namespace {
// The offset behind a value within a stack's text: of its comma or of the bracket that is not its own.
size_t argument_end(std::string_view text, size_t begin) {
  int depth = 0;
  for (size_t i = begin; i < text.size(); i++) {
    char c = text[i];
    if (c == '"' || c == '\'') {
      size_t close = closing_quote(text, i);
      i = close == std::string_view::npos ? text.size() : close;
    } else if (c == '(' || c == '[' || c == '{') {
      depth++;
    } else if (c == ')' || c == ']' || c == '}') {
      depth--;
    }
    if (depth < 0 || (c == ',' && depth == 0)) {
      return i;
    }
  }
  return text.size();
}
}  // namespace

std::string mask_secrets(std::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < text.size(); i++) {
    size_t end = i;
    while (end < text.size() && is_word(text[end])) {
      end++;
    }
    size_t sign = std::min(text.find_first_not_of(" \t", end), text.size());
    if (end == i || sign == text.size() || text[sign] != '=' || !is_secret(text.substr(i, end - i))) {
      i = std::max(i, end > i ? end - 1 : end);
      continue;
    }
    size_t begin = std::min(text.find_first_not_of(" \t", sign + 1), text.size());
    size_t last = trim(text.substr(0, i)).empty() ? text.size() : argument_end(text, begin);
    std::fill(out.begin() + static_cast<ptrdiff_t>(begin), out.begin() + static_cast<ptrdiff_t>(last), '*');
    i = last;
  }
  return out;
}

std::string show_place(const Place& place) {
  if (place.file.empty()) {
    return "command line";
  }
  return place.line == 0 ? place.file : place.file + ":" + std::to_string(place.line);
}

Place Pair::place_of(size_t offset, size_t length) const {
  const Run* run = nullptr;
  for (const Run& next : runs) {
    if (next.offset <= offset) {
      run = &next;
    }
  }
  if (run == nullptr) {
    return value_place;
  }
  Place exact = run->place;
  exact.column += static_cast<int>(offset - run->offset);
  size_t column = static_cast<size_t>(exact.column) - 1;
  size_t left = exact.text.size() > column ? exact.text.size() - column : 1;
  exact.length = static_cast<int>(std::max<size_t>(1, std::min(length, left)));
  return exact;
}

}  // namespace stook
