// SPDX-License-Identifier: Apache-2.0
#include "core/plan/variables.hh"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "core/base/fd.hh"

namespace stook {

namespace {
bool is_upper(char c) {
  return (c >= 'A' && c <= 'Z') || c == '_';
}

// The length of the environment name at the head of the text, 0 when there is none.
size_t name_size(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && (is_upper(text[size]) || (size > 0 && text[size] >= '0' && text[size] <= '9'))) {
    size++;
  }
  return size;
}

// One `${NAME…}` without its braces.
bool expand_one(std::string_view inner, std::string& out, std::string& why, std::string& hint) {
  size_t size = name_size(inner);
  std::string name(inner.substr(0, size));
  std::string_view form = inner.substr(size, 2);
  std::string rest(inner.size() >= size + 2 ? inner.substr(size + 2) : std::string_view());
  const char* set = ::getenv(name.c_str());
  if (form.empty() && set != nullptr) {
    out += set;
    return true;
  }
  if (set != nullptr && *set != 0) {
    out += set;
    return true;
  }
  if (form == ":-") {
    out += rest;
    return true;
  }
  why = "environment variable " + name + " is not set";
  hint = form == ":?" && !rest.empty() ? rest : "${" + name + ":-text} gives what stands for it";
  return false;
}
}  // namespace

bool expand_variables(std::string& value, std::string& why, std::string& hint) {
  std::string out;
  std::string_view text = value;
  for (size_t i = 0; i < text.size(); i++) {
    if (text.substr(i, 2) == "$$") {
      out += "$$";
      i++;
      continue;
    }
    size_t size = text.substr(i, 2) == "${" ? name_size(text.substr(i + 2)) : 0;
    std::string_view behind = text.substr(std::min(text.size(), i + 2 + size));
    bool is_variable =
        size > 0 && (behind.substr(0, 1) == "}" || behind.substr(0, 2) == ":-" || behind.substr(0, 2) == ":?");
    size_t close = is_variable ? text.find('}', i) : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += text[i];
      continue;
    }
    if (!expand_one(text.substr(i + 2, close - i - 2), out, why, hint)) {
      return false;
    }
    i = close;
  }
  value = std::move(out);
  return true;
}

bool read_secret(std::string& value, std::string& why) {
  std::string path;
  if (value.rfind("file:", 0) == 0) {
    path = value.substr(5);
  } else if (value.rfind("cred:", 0) == 0) {
    const char* folder = ::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) {
      why = "CREDENTIALS_DIRECTORY is not set, so there are no credentials";
      return false;
    }
    path = std::string(folder) + "/" + value.substr(5);
  } else {
    return true;
  }
  char buffer[4096];
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  ssize_t got = fd ? ::read(fd.get(), buffer, sizeof buffer) : -1;
  if (got < 0) {
    why = "cannot read '" + path + "': " + std::strerror(errno);
    return false;
  }
  std::string_view line(buffer, static_cast<size_t>(got));
  value = line.substr(0, line.find('\n'));
  return true;
}

}  // namespace stook
