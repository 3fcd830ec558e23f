// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.base64`: RFC 4648, in either alphabet. All functions RAISE.
#include "core/data/json_text.hh"
#include "core/lua/library/desk.hh"

namespace stook {

namespace {
// stook.base64.encode(bytes [, "url"])
int encode(lua_State* raw) {
  const char* function = "stook.base64.encode";
  std::string_view bytes = text_argument(raw, 1, function);
  std::string_view form = lua_isnoneornil(raw, 2) ? std::string_view() : text_argument(raw, 2, function);
  if (!form.empty() && form != "url") {
    return refuse(raw, function, "argument 2 is '%s'; it would be \"url\", or nothing", form.data());
  }
  luaL_Buffer buffer;
  char* text = luaL_buffinitsize(raw, &buffer, bytes.size() / 3 * 4 + 4);
  size_t size = static_cast<size_t>(put_json_base64(text, bytes) - text);
  if (!form.empty()) {
    while (size > 0 && text[size - 1] == '=') {
      size--;
    }
    for (size_t i = 0; i < size; i++) {
      text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    }
  }
  luaL_pushresultsize(&buffer, size);
  return 1;
}

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

// stook.base64.decode(text): padding may be missing, blanks and line ends may stand anywhere.
int decode(lua_State* raw) {
  std::string_view text = text_argument(raw, 1, "stook.base64.decode");
  luaL_Buffer buffer;
  char* bytes = luaL_buffinitsize(raw, &buffer, text.size() / 4 * 3 + 3);
  size_t size = 0;
  unsigned word = 0;
  int bits = 0;
  size_t digits = 0;
  size_t padding = 0;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
      continue;
    }
    int value = value_of(c);
    if (c == '=' || padding > 0 || value < 0) {
      if (c != '=' || ++padding > 2) {
        lua_pushnil(raw);
        lua_pushfstring(raw, "not base64: byte %d", static_cast<int>(i + 1));
        return 2;
      }
      continue;
    }
    digits++;
    word = (word << 6 | static_cast<unsigned>(value)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[size++] = static_cast<char>(word >> bits & 0xff);
    }
  }
  if (digits % 4 == 1 || (padding > 0 && (digits + padding) % 4 != 0) || (word & ((1u << bits) - 1)) != 0) {
    return no_answer(raw, "not base64: it ends too early");
  }
  luaL_pushresultsize(&buffer, size);
  return 1;
}

const luaL_Reg functions[] = {{"encode", encode}, {"decode", decode}, {nullptr, nullptr}};
}  // namespace

void open_base64(lua_State* raw) {
  push_functions(raw, functions);
}

}  // namespace stook
