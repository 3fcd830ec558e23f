// SPDX-License-Identifier: Apache-2.0
/// Texts of a script: its file, and the values of its options.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "core/base/text.hh"
#include "core/lua/manifest.hh"

namespace stook {

namespace {
constexpr size_t longest_script = 4 << 20;
}  // namespace

std::string read_script(const std::string& path, const std::string& name) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) {
    throw std::invalid_argument("the script " + path + " cannot be opened: " + std::strerror(errno));
  }
  std::string text;
  char buffer[16384];
  for (size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;) {
    text.append(buffer, n);
    if (text.size() > longest_script) {
      throw std::invalid_argument(name + ": longer than 4 MiB, so it is no script");
    }
  }
  if (std::ferror(file.get()) != 0) {
    throw std::invalid_argument("the script " + path + " cannot be read: " + std::strerror(errno));
  }
  return text;
}

bool read_option(ScriptOption& option, std::string_view text, std::string& why) {
  bool is_read = false;
  bool truth = false;
  Size size;
  Duration duration;
  switch (option.kind) {
    case ScriptOption::Kind::Integer:
      is_read = read_value(text, option.integer, why);
      break;
    case ScriptOption::Kind::Real:
      is_read = read_value(text, option.real, why);
      break;
    case ScriptOption::Kind::Boolean:
      is_read = read_value(text, truth, why);
      option.integer = truth ? 1 : 0;
      break;
    case ScriptOption::Kind::Text:
      is_read = read_value(text, option.text, why);
      break;
    case ScriptOption::Kind::Size:
      is_read = read_value(text, size, why);
      option.integer = static_cast<int64_t>(size.bytes);
      break;
    case ScriptOption::Kind::Duration:
      is_read = read_value(text, duration, why);
      option.integer = duration.ns;
      break;
  }
  option.is_given = option.is_given || is_read;
  return is_read;
}

}  // namespace stook
