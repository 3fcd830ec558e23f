// SPDX-License-Identifier: Apache-2.0
#include "core/net/forward_auth.hh"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include <cerrno>
#include <initializer_list>
#include <memory>

#include "core/base/status.hh"
#include "core/data/object.hh"

namespace stook {

namespace {

std::string sha512_hex(std::initializer_list<std::string_view> parts) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  bool is_good = context && EVP_DigestInit_ex(context.get(), EVP_sha512(), nullptr) == 1;
  for (std::string_view part : parts) {
    is_good = is_good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  if (!is_good || EVP_DigestFinal_ex(context.get(), digest, &size) != 1) {
    throw SetupError("cannot compute SHA-512 for the forward handshake", ENOMEM);
  }
  std::string hex;
  for (unsigned i = 0; i < size; i++) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

/// In a time that tells nothing of where they differ.
bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_string(const Cell& cell) {
  return cell.type == Type::Text || cell.type == Type::Bytes;
}

/// Reads an array of `size` values the first of which is `name`; false when it is none.
bool open_array(ObjectReader& reader, std::string_view name, uint32_t size) {
  Cell cell{};
  uint32_t count = 0;
  return reader.next(cell, count) == Item::Array && count >= size && reader.next(cell, count) == Item::Value &&
         is_string(cell) && cell.bytes() == name;
}

bool read_string(ObjectReader& reader, std::string_view& text) {
  Cell cell{};
  uint32_t count = 0;
  bool is_there = reader.next(cell, count) == Item::Value && (is_string(cell) || cell.type == Type::Null);
  text = is_there && cell.type != Type::Null ? cell.bytes() : std::string_view();
  return is_there;
}

/// Appends one value.
void add(std::string& to, const Cell& cell) {
  std::string bytes(cell_room(cell), '\0');
  to.append(bytes.data(), put_cell(bytes.data(), cell));
}
void add(std::string& to, std::string_view text) {
  add(to, Cell::of_text(text));
}

}  // namespace

std::string random_salt() {
  std::string bytes(16, '\0');
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw SetupError("no random bytes for the forward handshake", errno);
  }
  return bytes;
}

std::string forward_helo(std::string_view nonce, std::string_view auth) {
  std::string helo = "\x92";
  add(helo, "HELO");
  helo += '\x83';
  add(helo, "nonce");
  add(helo, Cell::of_slice(Type::Bytes, nonce));
  add(helo, "auth");
  add(helo, Cell::of_slice(auth.empty() ? Type::Text : Type::Bytes, auth));
  add(helo, "keepalive");
  add(helo, Cell::of_boolean(true));
  return helo;
}

ForwardVerdict judge_ping(std::string_view ping, const ForwardSecrets& secrets, std::string_view nonce,
                          std::string_view auth) {
  ObjectReader reader(ping);
  std::string_view host;
  std::string_view salt;
  std::string_view digest;
  std::string_view user;
  std::string_view password;
  const char* fault = nullptr;
  if (!open_array(reader, "PING", 6) || !read_string(reader, host) || !read_string(reader, salt) ||
      !read_string(reader, digest) || !read_string(reader, user) || !read_string(reader, password)) {
    fault = "no PING where the handshake has one";
  } else if (!is_same(digest, sha512_hex({salt, host, nonce, secrets.shared_key}))) {
    fault = "shared_key mismatch";
  } else if (!auth.empty() && (!is_same(user, secrets.username) ||
                               !is_same(password, sha512_hex({auth, secrets.username, secrets.password})))) {
    fault = "username/password mismatch";
  }
  std::string pong = "\x95";
  add(pong, "PONG");
  add(pong, Cell::of_boolean(fault == nullptr));
  add(pong, fault == nullptr ? std::string_view() : fault);
  add(pong, fault == nullptr ? std::string_view(secrets.host) : std::string_view());
  add(pong, fault == nullptr ? sha512_hex({salt, secrets.host, nonce, secrets.shared_key}) : std::string());
  return {pong, fault};
}

std::string forward_ping(std::string_view helo, const ForwardSecrets& secrets, std::string_view salt,
                         std::string& nonce) {
  ObjectReader reader(helo);
  Cell cell{};
  uint32_t pairs = 0;
  if (!open_array(reader, "HELO", 2) || reader.next(cell, pairs) != Item::Map) {
    return {};
  }
  std::string auth;
  nonce.clear();
  for (uint32_t i = 0; i < pairs; i++) {
    std::string_view name;
    if (!read_string(reader, name)) {
      return {};
    }
    std::string_view bytes = reader.skip();
    ObjectReader value(bytes);
    std::string_view text;
    if (bytes.empty() || ((name == "nonce" || name == "auth") && !read_string(value, text))) {
      return {};
    }
    if (name == "nonce") {
      nonce = text;
    } else if (name == "auth") {
      auth = text;
    }
  }
  std::string ping = "\x96";
  add(ping, "PING");
  add(ping, secrets.host);
  add(ping, Cell::of_slice(Type::Bytes, salt));
  add(ping, sha512_hex({salt, secrets.host, nonce, secrets.shared_key}));
  add(ping, auth.empty() ? std::string_view() : std::string_view(secrets.username));
  add(ping, auth.empty() ? std::string() : sha512_hex({auth, secrets.username, secrets.password}));
  return ping;
}

std::string judge_pong(std::string_view pong, const ForwardSecrets& secrets, std::string_view salt,
                       std::string_view nonce) {
  ObjectReader reader(pong);
  Cell welcome{};
  uint32_t count = 0;
  std::string_view reason;
  std::string_view host;
  std::string_view digest;
  if (!open_array(reader, "PONG", 5) || reader.next(welcome, count) != Item::Value || !read_string(reader, reason) ||
      !read_string(reader, host) || !read_string(reader, digest)) {
    return "it sends no PONG where the handshake has one";
  }
  if (welcome.type != Type::Boolean || !welcome.is_truth()) {
    return "it refuses: " + std::string(reason.substr(0, 200));
  }
  return is_same(digest, sha512_hex({salt, host, nonce, secrets.shared_key})) ? "" : "it does not know the shared key";
}

}  // namespace stook
