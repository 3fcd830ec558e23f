// SPDX-License-Identifier: Apache-2.0
#include "filters/multiline/rule.hh"

#include "filters/multiline/look.hh"

namespace stook {

namespace {

using look::is_blank;
using look::unindented;

// 1 is the same in all rules: a line that is no part of a trace, so far.
constexpr uint8_t plain = 1;
constexpr uint8_t head = 2;  // an exception is named, its frames are to come
constexpr uint8_t trace = 3;
constexpr uint8_t nested = 4;  // the next line names an exception

bool names_exception(std::string_view line) {
  for (std::string_view word : {"Exception", "Error", "Throwable"}) {
    if (line.find(word) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

/// "... 12 more", "... 12 common frames omitted".
bool is_omission(std::string_view text) {
  return text.substr(0, 4) == "... " && look::digits(text.substr(4)) > 0;
}

bool is_nesting(std::string_view line) {
  while (!line.empty() && is_blank(line.back())) {
    line.remove_suffix(1);
  }
  return line.ends_with("nested exception is:");
}

Judged judge_docker(std::string_view line, uint8_t state) {
  if (!line.ends_with('\n')) {
    return {Turn::Follows, plain};
  }
  return {state == 0 ? Turn::Alone : Turn::Ends, 0};
}

Judged judge_nothing(std::string_view, uint8_t) {
  return {Turn::Alone, 0};
}

}  // namespace

Judge judge_of(Rule rule) {
  switch (rule) {
    case Rule::Java:
      return judge_java;
    case Rule::Python:
      return judge_python;
    case Rule::Go:
      return judge_go;
    case Rule::Ruby:
      return judge_ruby;
    case Rule::Dotnet:
      return judge_dotnet;
    case Rule::Docker:
      return judge_docker;
    case Rule::None:
    case Rule::Cri:
      break;
  }
  return judge_nothing;
}

Judged judge_java(std::string_view line, uint8_t state) {
  if (line.empty()) {
    return state == head || state == nested ? Judged{Turn::Follows, state} : Judged{Turn::Begins, plain};
  }
  bool is_indented = is_blank(line[0]);
  std::string_view text = is_indented ? unindented(line) : line;
  if (is_indented && text.starts_with("at ")) {
    return {Turn::Follows, trace};
  }
  bool is_inside = state >= head;
  if ((is_indented || is_inside) && is_omission(text)) {
    return {Turn::Follows, trace};
  }
  if (text.starts_with("Caused by:") ||
      ((is_indented || is_inside) && (text.starts_with("Suppressed:") || text.starts_with("Wrapped by:")))) {
    return {Turn::Follows, is_nesting(text) ? nested : head};
  }
  if (state == nested) {
    return {Turn::Follows, is_nesting(text) ? nested : head};
  }
  if (is_indented && is_inside) {
    return {Turn::Follows, state};  // locks held, the rest of a message, an exception that refers to itself
  }
  if (!names_exception(line)) {
    return {Turn::Begins, plain};
  }
  return {Turn::Begins, is_nesting(line) ? nested : head};
}

Judged judge_dotnet(std::string_view line, uint8_t state) {
  if (line.empty()) {
    return {Turn::Begins, plain};
  }
  // The console logger indents all lines of an entry but the first.
  if (is_blank(line[0]) && (state != 0 || unindented(line).starts_with("at "))) {
    return {Turn::Follows, trace};
  }
  if (line.starts_with("--- End of ")) {
    return {Turn::Follows, trace};
  }
  return {Turn::Begins, plain};
}

}  // namespace stook
