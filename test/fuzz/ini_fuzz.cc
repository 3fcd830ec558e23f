// SPDX-License-Identifier: Apache-2.0
/// Configuration text: no bytes crash the reader, every place lies within its line, and all errors can be shown.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/plan/ini.hh"
#include "core/plan/plan.hh"
#include "core/plan/stack.hh"
#include "core/plan/variables.hh"

using namespace stook;

namespace {
void check(const Place& place) {
  if (place.line < 0 || place.column < 0 ||
      (place.line > 0 && static_cast<size_t>(place.column) > place.text.size() + 1)) {
    std::abort();
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<ConfigError> errors;
  Ini ini = read_ini_text(text, "x.conf", errors);
  for (const Section& section : ini.sections) {
    for (const Pair& pair : section.pairs) {
      check(pair.place);
      check(pair.value_place);
      std::string value = pair.value;
      std::string why;
      std::string hint;
      if (!expand_variables(value, why, hint) && why.empty()) {
        std::abort();
      }
      for (const ElementText& element : parse_stack(pair.value)) {
        check(pair.place_of(element.offset, element.length));
      }
      errors.emplace_back(pair.value_place, pair.name, pair.value);
    }
  }
  for (const ConfigError& error : errors) {
    check(error.place);
  }
  show_errors(ConfigErrors(errors));
  show_errors_json(ConfigErrors(errors));
  return 0;
}
