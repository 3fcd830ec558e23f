// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/tokens.hh"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/api/kept_text.hh"
#include "core/base/crc32c.hh"
#include "core/base/status.hh"

namespace stook {

namespace {
constexpr size_t longest_token = 1 << 20;

// False: there is no such file. Throws SetupError.
bool slurp_token(const std::string& path, std::string& text) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) {
    if (errno == ENOENT) {
      return false;
    }
    throw SetupError("cannot read '" + path + "'", errno);
  }
  text.resize(longest_token + 64);
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return true;
}

std::string head_of(std::string_view token) {
  char head[40];
  std::snprintf(head, sizeof head, "stook-token 1 %08x\n", crc32c(token));
  return head;
}

// The token in the text, or false when it is not whole.
bool find_token(std::string_view text, std::string& token) {
  size_t line = text.find('\n');
  if (line == std::string_view::npos || text.empty() || text.back() != '\n' || line + 1 == text.size()) {
    return false;
  }
  std::string_view found = text.substr(line + 1, text.size() - line - 2);
  if (text.substr(0, line + 1) != head_of(found)) {
    return false;
  }
  token = found;
  return true;
}
}  // namespace

void Tokens::load() {
  bool is_there = false;
  for (const char* end : {"", ".old"}) {
    std::string text;
    if (!file_.empty() && slurp_token(file_ + end, text)) {
      is_there = true;
      if (find_token(text, final_)) {
        newest_ = final_;
        return;
      }
    }
  }
  if (is_there) {
    throw SetupError("the position in '" + file_ +
                     "' is damaged, and that in its .old is no better; remove both to begin anew");
  }
}

void Tokens::commit(std::string_view token) {
  newest_ = token;
  if (!pending_.empty() && pending_.back().behind == begun_) {
    pending_.back().token = token;
  } else {
    pending_.push_back({begun_, std::string(token)});
  }
  settle();
}

void Tokens::acknowledged(std::span<const Mark> marks) {
  for (const Mark& mark : marks) {
    settled_ = mark.position;
  }
  settle();
}

void Tokens::settle() {
  while (!pending_.empty() && pending_.front().behind <= settled_) {
    final_ = std::move(pending_.front().token);
    pending_.pop_front();
    is_dirty_ = true;
  }
}

std::string Tokens::save() {
  std::string reason = keep_text(file_, head_of(final_) + final_ + "\n");
  is_dirty_ = is_dirty_ && !reason.empty();
  return reason;
}

}  // namespace stook
