// SPDX-License-Identifier: Apache-2.0
/// Structured data of RFC 5424: `[id name="value" …][id …]`.
#include <algorithm>

#include "core/data/object.hh"
#include "core/data/scan.hh"
#include "core/data/syslog_plain.hh"
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
  char* begin = arena.reserve(plain_data_room(text.size()));
  if (PlainData plain = write_plain_data(text, begin); plain.taken > 0) {
    arena.commit(plain.written);
    StructuredData data{plain.taken, Cell::of_slice(Type::Object, {begin, plain.written})};
    data.object.is_json = true;
    return data;
  }
  size_t size = structured_data_size(text);
  return size == 0 ? StructuredData{} : StructuredData{size, read_structured_data(text.substr(0, size), arena)};
}

}  // namespace stook
