// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.url`: RFC 3986, and forms' way of writing a query. All functions RAISE.
#include <cstring>

#include "core/base/text.hh"
#include "core/lua/library/desk.hh"

namespace stook {

namespace {
constexpr lua_Integer most_values = 4096;

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

// Pushes the text with %XX as bytes; what is no such escape stays as it is.
void push_decoded(lua_State* raw, std::string_view text, bool has_plus) {
  luaL_Buffer buffer;
  char* to = luaL_buffinitsize(raw, &buffer, text.size() + 1);
  size_t size = 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      to[size++] = static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else {
      to[size++] = has_plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  luaL_pushresultsize(&buffer, size);
}

int decode(lua_State* raw) {
  push_decoded(raw, text_argument(raw, 1, "stook.url.decode"), false);
  return 1;
}

// All but letters, digits and -._~ as %XX; bytes of the second argument stay, too.
int encode(lua_State* raw) {
  constexpr char hex[] = "0123456789ABCDEF";
  std::string_view text = text_argument(raw, 1, "stook.url.encode");
  std::string_view keep = lua_isnoneornil(raw, 2) ? std::string_view() : text_argument(raw, 2, "stook.url.encode");
  bool stays[256] = {};
  for (int c = 0; c < 256; c++) {
    stays[c] = is_unreserved(static_cast<char>(c));
  }
  for (char c : keep) {
    stays[static_cast<unsigned char>(c)] = true;
  }
  luaL_Buffer buffer;
  luaL_buffinit(raw, &buffer);
  for (char c : text) {
    if (stays[static_cast<unsigned char>(c)]) {
      luaL_addchar(&buffer, c);
    } else {
      luaL_addchar(&buffer, '%');
      luaL_addchar(&buffer, hex[static_cast<unsigned char>(c) >> 4]);
      luaL_addchar(&buffer, hex[c & 15]);
    }
  }
  luaL_pushresult(&buffer);
  return 1;
}

void set_text(lua_State* raw, const char* name, std::string_view text) {
  push_text(raw, text);
  lua_setfield(raw, -2, name);
}

// `[user[:password]@]host[:port]`. False: the port is no number, or a bracket is open.
bool set_authority(lua_State* raw, std::string_view authority) {
  size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    std::string_view user = authority.substr(0, at);
    size_t colon = user.find(':');
    push_decoded(raw, user.substr(0, colon), false);
    lua_setfield(raw, -2, "user");
    if (colon != std::string_view::npos) {
      push_decoded(raw, user.substr(colon + 1), false);
      lua_setfield(raw, -2, "password");
    }
    authority = authority.substr(at + 1);
  }
  size_t end = authority.find(':');
  if (!authority.empty() && authority[0] == '[') {
    end = authority.find(']');
    if (end == std::string_view::npos || (++end < authority.size() && authority[end] != ':')) {
      return false;
    }
    set_text(raw, "host", authority.substr(1, end - 2));
    end = end == authority.size() ? std::string_view::npos : end;
  } else {
    set_text(raw, "host", authority.substr(0, end));
  }
  if (end == std::string_view::npos || end + 1 == authority.size()) {
    return true;
  }
  lua_Integer port = 0;
  for (char c : authority.substr(end + 1)) {
    if (c < '0' || c > '9' || (port = port * 10 + (c - '0')) > 65535) {
      return false;
    }
  }
  lua_pushinteger(raw, port);
  lua_setfield(raw, -2, "port");
  return true;
}

size_t scheme_size(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && (is_unreserved(text[i]) || text[i] == '+') && text[i] != '_' && text[i] != '~') {
    i++;
  }
  bool begins = !text.empty() && (text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z';
  return begins && i < text.size() && text[i] == ':' ? i : 0;
}

// stook.url.parse(text): a table with what there is of scheme, user, password, host, port, path, query, fragment.
int parse(lua_State* raw) {
  std::string_view text = text_argument(raw, 1, "stook.url.parse");
  if (text.empty() || text.find_first_of(std::string_view(" \t\r\n\0", 5)) != std::string_view::npos) {
    return no_answer(raw, "no URL: it is empty, or has a blank in it");
  }
  lua_createtable(raw, 0, 4);
  if (size_t scheme = scheme_size(text); scheme > 0) {
    set_text(raw, "scheme", text.substr(0, scheme));
    text = text.substr(scheme + 1);
  }
  for (auto [mark, name] : {std::pair{'#', "fragment"}, std::pair{'?', "query"}}) {
    size_t at = text.find(mark);
    if (at != std::string_view::npos) {
      set_text(raw, name, text.substr(at + 1));
      text = text.substr(0, at);
    }
  }
  if (text.substr(0, 2) == "//") {
    size_t slash = text.find('/', 2);
    if (!set_authority(raw, text.substr(2, slash == std::string_view::npos ? slash : slash - 2))) {
      return no_answer(raw, "no URL: behind its host stands no port");
    }
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  }
  set_text(raw, "path", text);
  return 1;
}

// Puts the value on top under the name below it; a name that comes again gets an array.
void add_pair(lua_State* raw, int table) {
  lua_pushvalue(raw, -2);
  int type = lua_rawget(raw, table);
  if (type == LUA_TNIL) {
    lua_pop(raw, 1);
    lua_rawset(raw, table);
    return;
  }
  if (type != LUA_TTABLE) {
    lua_createtable(raw, 2, 0);
    lua_insert(raw, -2);
    lua_rawseti(raw, -2, 1);  // name, value, {first}
    lua_pushvalue(raw, -3);
    lua_pushvalue(raw, -2);
    lua_rawset(raw, table);
  }
  lua_insert(raw, -2);
  lua_rawseti(raw, -2, static_cast<lua_Integer>(lua_rawlen(raw, -2)) + 1);
  lua_pop(raw, 2);
}

// stook.url.query(text): a table of the names and values of `a=1&b=2`.
int query(lua_State* raw) {
  std::string_view text = text_argument(raw, 1, "stook.url.query");
  lua_newtable(raw);
  int table = lua_gettop(raw);
  lua_Integer count = 0;
  while (!text.empty()) {
    size_t end = text.find('&');
    std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) {
      continue;
    }
    if (++count > most_values) {
      return no_answer(raw, "a query of more than 4096 values");
    }
    size_t equals = pair.find('=');
    push_decoded(raw, pair.substr(0, equals), true);
    push_decoded(raw, equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    add_pair(raw, table);
  }
  return 1;
}

const luaL_Reg functions[] = {
    {"parse", parse}, {"encode", encode}, {"decode", decode}, {"query", query}, {nullptr, nullptr}};
}  // namespace

void open_url(lua_State* raw) {
  push_functions(raw, functions);
}

}  // namespace stook
