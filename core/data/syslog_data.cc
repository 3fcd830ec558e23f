// SPDX-License-Identifier: Apache-2.0
/// Structured data of RFC 5424: `[id name="value" …][id …]`.
#include <algorithm>
#include <cstring>

#include "core/data/object.hh"
#include "core/data/scan.hh"
#include "core/data/syslog_text.hh"

namespace stook {

namespace {
/// SD-NAME: printable ASCII but for blank, =, ] and ".
struct NameBytes {
  bool has[256] = {};
  constexpr NameBytes() {
    for (int c = '!'; c < 0x7f; c++) {
      has[c] = c != '=' && c != ']' && c != '"';
    }
  }
};
constexpr NameBytes name_bytes;

/// One step of the walk over elements and their parameters.
struct Walk {
  const char* at;
  const char* end;

  bool take(char wanted) {
    bool is_there = at < end && *at == wanted;
    at += is_there ? 1 : 0;
    return is_there;
  }
  std::string_view name() {
    const char* first = at;
    while (at < end && name_bytes.has[static_cast<unsigned char>(*at)]) {
      at++;
    }
    return {first, static_cast<size_t>(at - first)};
  }
  /// The inside of a value whose opening quote was taken; the closing one is taken too. False: there is none.
  bool value(std::string_view& text, bool& has_escape) {
    Scan scan({at, static_cast<size_t>(end - at)});
    const char* first = at;
    has_escape = false;
    const char* hit = scan.find_either(at, '"', '\\');
    while (hit < end && *hit == '\\') {
      has_escape = true;
      hit = end - hit < 2 ? end : scan.find_either(hit + 2, '"', '\\');
    }
    at = hit;
    text = {first, static_cast<size_t>(hit - first)};
    return take('"');
  }
};

/// Undoes \" \\ and \]; returns the end.
char* undo_escapes(char* to, std::string_view text) {
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\' || text[i + 1] == ']')) {
      i++;
    }
    *to++ = text[i];
  }
  return to;
}

/// Finds where names and values end, 64 bytes at a time.
class Ends {
 public:
  explicit Ends(std::string_view text) : end_(text.data() + text.size()) { look(text.data()); }
  /// The first byte at or after `from` that no name has; null when there is none, or one that is not plain is before it.
  const char* of_name(const char* from) { return first<&Ends::names_>(from); }
  /// The first quote at or after `from`; null as above.
  const char* of_value(const char* from) { return first<&Ends::values_>(from); }

 private:
  template <uint64_t Ends::*marks>
  const char* first(const char* from) {
    for (; from < end_; from = base_ + 64) {
      if (from - base_ >= 64) {
        look(from);
      }
      uint64_t left = this->*marks >> (from - base_);
      if (left != 0) {
        const char* found = from + __builtin_ctzll(left);
        return (odd_ >> (found - base_) & 1) != 0 ? nullptr : found;
      }
    }
    return nullptr;
  }

  void look(const char* from) {
    char padded[64];
    const char* bytes = from;
    if (end_ - from < 64) {
      std::memset(padded, 0, sizeof padded);
      std::memcpy(padded, from, static_cast<size_t>(end_ - from));
      bytes = padded;
    }
    base_ = from;
    names_ = values_ = odd_ = 0;
#if defined(__SSE2__)
    for (int at = 0; at < 64; at += 16) {
      __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
      auto is = [part](char c) { return _mm_cmpeq_epi8(part, _mm_set1_epi8(c)); };
      // The signed compare covers control characters and what lies beyond ASCII.
      __m128i odd = _mm_or_si128(_mm_cmplt_epi8(part, _mm_set1_epi8(' ')), _mm_or_si128(is('\\'), is('\x7f')));
      __m128i value = _mm_or_si128(odd, is('"'));
      __m128i name = _mm_or_si128(_mm_or_si128(value, is(' ')), _mm_or_si128(is('='), is(']')));
      auto bits = [at](__m128i marks) { return uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(marks))} << at; };
      odd_ |= bits(odd);
      values_ |= bits(value);
      names_ |= bits(name);
    }
#else
    for (int at = 0; at < 64; at++) {
      auto c = static_cast<unsigned char>(bytes[at]);
      bool is_odd = c < ' ' || c >= 0x7f || c == '\\';
      odd_ |= uint64_t{is_odd} << at;
      values_ |= uint64_t{is_odd || c == '"'} << at;
      names_ |= uint64_t{is_odd || !name_bytes.has[c]} << at;
    }
#endif
  }

  const char* end_;
  const char* base_ = nullptr;  // a bit for each byte from here on; what lies beyond the text is odd
  uint64_t names_ = 0;
  uint64_t values_ = 0;
  uint64_t odd_ = 0;
};

/// More is read the long way.
constexpr size_t plain_most = 512;

/// What was written, and of how much of the text; 0 of none.
struct Plain {
  size_t written = 0;
  size_t taken = 0;
};

/// Writes structured data as JSON while it looks at it. It takes none that is malformed, needs escapes or is long. A parameter of
/// 5 bytes (` a=""`) takes 7, an element of 3 (`[a]`) takes 7; and 16 bytes more may be written.
class PlainWriter {
 public:
  explicit PlainWriter(std::string_view text)
      : is_cut_(text.size() > plain_most),
        begin_(text.data()),
        end_(begin_ + (is_cut_ ? plain_most : text.size())),
        ends_({begin_, static_cast<size_t>(end_ - begin_)}) {}

  Plain write(char* const begin) {
    to_ = begin;
    at_ = begin_;
    do {
      *to_++ = ',';
      if (!write_element()) {
        return {};
      }
    } while (at_ < end_ && *at_ == '[');
    *begin = '{';
    *to_++ = '}';
    bool is_whole = at_ < end_ || !is_cut_;
    return is_whole ? Plain{static_cast<size_t>(to_ - begin), static_cast<size_t>(at_ - begin_)} : Plain{};
  }

 private:
  bool write_element() {
    const char* name = at_ + 1;
    at_ = ends_.of_name(name);
    if (at_ == nullptr || at_ == name) {
      return false;
    }
    put(name, at_, "\":{");
    while (*at_ == ' ') {
      name = at_ + 1;
      const char* equals = ends_.of_name(name);
      if (equals == nullptr || equals == name || end_ - equals < 2 || equals[0] != '=' || equals[1] != '"') {
        return false;
      }
      const char* quote = ends_.of_value(equals + 2);
      if (quote == nullptr || end_ - quote < 2) {
        return false;
      }
      put(name, equals, "\":");
      put(equals + 2, quote, "\",");
      at_ = quote + 1;
    }
    to_ -= to_[-1] == ',' ? 1 : 0;
    *to_++ = '}';
    return *at_++ == ']';
  }

  /// A quote, bytes of the text, and what follows them.
  template <size_t N>
  void put(const char* from, const char* stop, const char (&next)[N]) {
    auto size = static_cast<size_t>(stop - from);
    *to_++ = '"';
#if defined(__SSE2__)
    if (size <= 16 && end_ - from >= 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to_), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    } else {
      std::memcpy(to_, from, size);
    }
#else
    std::memcpy(to_, from, size);
#endif
    std::memcpy(to_ + size, next, N - 1);
    to_ += size + N - 1;
  }

  bool is_cut_;
  const char* begin_;
  const char* end_;
  Ends ends_;
  const char* at_ = nullptr;
  char* to_ = nullptr;
};
}  // namespace

size_t structured_data_size(std::string_view text) {
  Walk walk{text.data(), text.data() + text.size()};
  const char* good = walk.at;
  while (walk.take('[')) {
    if (walk.name().empty()) {
      return 0;
    }
    while (walk.take(' ')) {
      std::string_view value;
      bool has_escape = false;
      if (walk.name().empty() || !walk.take('=') || !walk.take('"') || !walk.value(value, has_escape)) {
        return 0;
      }
    }
    if (!walk.take(']')) {
      return 0;
    }
    good = walk.at;
  }
  return static_cast<size_t>(good - text.data());
}

namespace {
/// As msgpack. REQUIRES: the whole text is well-formed structured data.
Cell read_structured_data(std::string_view text, Arena& arena) {
  // A parameter of 5 bytes (` a=""`) takes at most 13 while it is written, an element of 3 (`[a]`) at most 12.
  size_t room = 4 * text.size() + 64;
  char* begin = arena.reserve(room + text.size());
  char* scratch = begin + room;
  char* to = put_wide_map_head(begin, 0);
  uint32_t elements = 0;
  Walk walk{text.data(), text.data() + text.size()};
  while (walk.take('[')) {
    elements++;
    to = put_cell(to, Cell::of_text(walk.name()));
    char* head = to;
    to = put_wide_map_head(to, 0);
    uint32_t parameters = 0;
    while (walk.take(' ')) {
      std::string_view name = walk.name();
      std::string_view value;
      bool has_escape = false;
      if (!walk.take('=') || !walk.take('"') || !walk.value(value, has_escape)) {
        break;
      }
      if (has_escape) {
        char* end = undo_escapes(scratch, value);
        value = {scratch, static_cast<size_t>(end - scratch)};
        scratch = end;
      }
      to = put_cell(put_cell(to, Cell::of_text(name)), Cell::of_text(value));
      parameters++;
    }
    put_wide_map_head(head, parameters);
    walk.take(']');
  }
  put_wide_map_head(begin, elements);
  auto size = static_cast<size_t>(to - begin);
  arena.commit(size);
  return Cell::of_slice(Type::Object, {begin, size});
}
}  // namespace

StructuredData take_structured_data(std::string_view text, Arena& arena) {
  if (text.empty() || text[0] != '[') {
    return {};
  }
  char* begin = arena.reserve(3 * std::min(text.size(), plain_most) + 32);
  if (Plain plain = PlainWriter(text).write(begin); plain.taken > 0) {
    arena.commit(plain.written);
    StructuredData data{plain.taken, Cell::of_slice(Type::Object, {begin, plain.written})};
    data.object.is_json = true;
    return data;
  }
  size_t size = structured_data_size(text);
  return size == 0 ? StructuredData{} : StructuredData{size, read_structured_data(text.substr(0, size), arena)};
}

}  // namespace stook
