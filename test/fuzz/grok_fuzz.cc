// SPDX-License-Identifier: Apache-2.0
/// Patterns of grok: the first line is a pattern, the rest a file of patterns. Each becomes an expression or is refused
/// with a sentence; an expression is of bounded length, and PCRE2 takes or refuses it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "core/api/grok.hh"
#include "core/api/regex.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view pattern = text.substr(0, text.find('\n'));
  try {
    GrokShelf shelf;
    shelf.read(text.substr(std::min(text.size(), pattern.size() + 1)));
    GrokExpression expression(pattern, shelf);
    if (expression.text.size() > GrokExpression::longest) {
      std::abort();
    }
    expression.number(Regex(expression.text));
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 0;
}
