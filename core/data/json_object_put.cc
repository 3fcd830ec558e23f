// SPDX-License-Identifier: Apache-2.0
#include "core/data/json_object_put.hh"

#include <cstring>

#include "core/data/json_number.hh"
#include "core/data/object.hh"

namespace stook {

namespace {
/// An open map or array. The size is known when it closes: keys count as items here.
struct Level {
  char* head;
  uint32_t items;
  bool is_map;
};

const char* end_of_scalar(const char* at, const char* end) {
  while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ') {
    at++;
  }
  return at;
}
}  // namespace

char* put_json_object(char* to, std::string_view text) {
  Level levels[max_object_depth];
  int depth = 0;
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    char c = *at;
    if (c == ',' || c == ':' || c == ' ') {
      at++;
      continue;
    }
    if (c == '}' || c == ']') {
      if (depth == 0) {
        return to;
      }
      const Level& level = levels[--depth];
      level.is_map ? put_wide_map_head(level.head, level.items / 2) : put_wide_array_head(level.head, level.items);
      at++;
      continue;
    }
    if (depth > 0) {
      levels[depth - 1].items++;
    }
    if (c == '{' || c == '[') {
      if (depth == max_object_depth) {
        return to;
      }
      levels[depth++] = {to, 0, c == '{'};
      to = put_wide_map_head(to, 0);
      at++;
      continue;
    }
    Cell cell = Cell::of_null();
    if (c == '"') {
      const void* quote = std::memchr(at + 1, '"', static_cast<size_t>(end - at - 1));
      const char* stop = quote == nullptr ? end : static_cast<const char*>(quote);
      cell = Cell::of_text({at + 1, static_cast<size_t>(stop - at - 1)});
      at = stop + (stop == end ? 0 : 1);
    } else {
      const char* stop = end_of_scalar(at, end);
      (void)json::read_plain({at, static_cast<size_t>(stop - at)}, cell);
      at = stop;
    }
    to = put_cell(to, cell);
  }
  return to;
}

std::string_view object_bytes(const Cell& object, std::string& store) {
  if (!object.is_json) {
    return object.bytes();
  }
  store.resize(cell_room(object));
  char* end = put_json_object(store.data(), object.bytes());
  return {store.data(), static_cast<size_t>(end - store.data())};
}

}  // namespace stook
