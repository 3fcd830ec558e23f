// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.hash`: checksums and digests, the latter by OpenSSL. All functions RAISE.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>

#include "core/base/crc32c.hh"
#include "core/lua/library/desk.hh"

namespace stook {

namespace {
struct Digest {
  const char* name;
  const EVP_MD* (*method)();
};
constexpr Digest digests[] = {{"md5", EVP_md5}, {"sha1", EVP_sha1}, {"sha256", EVP_sha256}, {"sha512", EVP_sha512}};

int push_digest(lua_State* raw, const unsigned char* bytes, unsigned size, bool is_raw) {
  constexpr char hex[] = "0123456789abcdef";
  if (is_raw) {
    lua_pushlstring(raw, reinterpret_cast<const char*>(bytes), size);
    return 1;
  }
  char text[2 * EVP_MAX_MD_SIZE];
  for (unsigned i = 0; i < size; i++) {
    text[2 * i] = hex[bytes[i] >> 4];
    text[2 * i + 1] = hex[bytes[i] & 15];
  }
  lua_pushlstring(raw, text, size_t{2} * size);
  return 1;
}

bool wants_raw(lua_State* raw, int index, const char* function) {
  if (lua_isnoneornil(raw, index)) {
    return false;
  }
  if (text_argument(raw, index, function) != "raw") {
    refuse(raw, function, "argument %d is '%s'; it would be \"raw\", or nothing", index, lua_tostring(raw, index));
  }
  return true;
}

// Upvalue 1: the digest's index. stook.hash.NAME(text [, "raw"])
int digest(lua_State* raw) {
  const Digest& which = digests[lua_tointeger(raw, lua_upvalueindex(1))];
  char function[32] = "stook.hash.";
  std::char_traits<char>::copy(function + 11, which.name, std::char_traits<char>::length(which.name) + 1);
  std::string_view text = text_argument(raw, 1, function);
  bool is_raw = wants_raw(raw, 2, function);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, which.method(), nullptr) != 1) {
    return refuse(raw, function, "OpenSSL's configuration does not allow it here; sha256 is always there");
  }
  return push_digest(raw, bytes, size, is_raw);
}

// stook.hash.hmac(name, key, text [, "raw"])
int hmac(lua_State* raw) {
  const char* function = "stook.hash.hmac";
  std::string_view name = text_argument(raw, 1, function);
  std::string_view key = text_argument(raw, 2, function);
  std::string_view text = text_argument(raw, 3, function);
  bool is_raw = wants_raw(raw, 4, function);
  for (const Digest& which : digests) {
    if (name != which.name) {
      continue;
    }
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (key.size() > INT32_MAX ||
        HMAC(which.method(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size) == nullptr) {
      return refuse(raw, function, "OpenSSL's configuration does not allow it here; sha256 is always there");
    }
    return push_digest(raw, bytes, size, is_raw);
  }
  return refuse(raw, function, "'%s' is no digest; it takes md5, sha1, sha256, sha512", name.data());
}

int checksum(lua_State* raw) {
  lua_pushinteger(raw, crc32c(text_argument(raw, 1, "stook.hash.crc32c")));
  return 1;
}

// FNV-1a of 64 bits, its last step mixed so that all bits count in a remainder.
int spread(lua_State* raw) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : text_argument(raw, 1, "stook.hash.spread")) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  lua_pushinteger(raw, static_cast<lua_Integer>(hash >> 1));
  return 1;
}

const luaL_Reg functions[] = {{"crc32c", checksum}, {"spread", spread}, {"hmac", hmac}, {nullptr, nullptr}};
}  // namespace

void open_hash(lua_State* raw) {
  push_functions(raw, functions);
  for (lua_Integer i = 0; i < static_cast<lua_Integer>(std::size(digests)); i++) {
    lua_pushinteger(raw, i);
    lua_pushcclosure(raw, digest, 1);
    lua_setfield(raw, -2, digests[i].name);
  }
}

}  // namespace stook
