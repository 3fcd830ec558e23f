// SPDX-License-Identifier: Apache-2.0
#include "sources/kmsg/record.hh"

#include <charconv>

namespace stook {

namespace {

constexpr int pri_most = 191;

template <class T>
bool take_number(std::string_view& text, T& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  size_t size = static_cast<size_t>(end - text.data());
  if (error != std::errc() || size == text.size() || (*end != ',' && *end != ';')) {
    return false;
  }
  text.remove_prefix(*end == ',' ? size + 1 : size);
  return true;
}

int digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

}  // namespace

size_t kernel_record_end(std::string_view text, bool is_all) {
  for (size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos;) {
    at++;
    if (at == text.size()) {
      return is_all ? at : 0;
    }
    if (text[at] != ' ') {
      return at;
    }
  }
  return is_all ? text.size() : 0;
}

bool read_kernel_record(std::string_view text, KernelRecord& record) {
  int pri = 0;
  if (!take_number(text, pri) || !take_number(text, record.sequence) || !take_number(text, record.usec)) {
    return false;
  }
  size_t begin = text.find(';');
  if (begin == std::string_view::npos || pri < 0) {
    return false;
  }
  record.pri = pri > pri_most ? pri % 8 : pri;
  text.remove_prefix(begin + 1);
  size_t newline = text.find('\n');
  record.message = text.substr(0, newline);
  while (newline != std::string_view::npos && newline + 1 < text.size()) {
    text.remove_prefix(newline + 1);
    newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    for (auto [name, value] : {std::pair{std::string_view(" SUBSYSTEM="), &record.subsystem},
                               std::pair{std::string_view(" DEVICE="), &record.device}}) {
      if (line.substr(0, name.size()) == name) {
        *value = line.substr(name.size());
      }
    }
  }
  return true;
}

char* put_kernel_text(char* to, std::string_view text) {
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' && digit(text[i + 2]) >= 0 &&
        digit(text[i + 3]) >= 0) {
      *to++ = static_cast<char>(digit(text[i + 2]) * 16 + digit(text[i + 3]));
      i += 3;
    } else {
      *to++ = text[i];
    }
  }
  return to;
}

}  // namespace stook
