// SPDX-License-Identifier: Apache-2.0
/// The rule of Go: panics, fatal errors, and dumps of goroutines and registers.
#include "filters/multiline/look.hh"
#include "filters/multiline/rule.hh"

namespace stook {

namespace {

constexpr uint8_t plain = 1;
constexpr uint8_t panic = 2;  // why it ends is said, the goroutines are to come
constexpr uint8_t dump = 3;

/// `goroutine 18 [chan receive, 5 minutes]:`
bool is_goroutine(std::string_view line) {
  return line.starts_with("goroutine ") && look::digits(line.substr(10)) > 0 && line.ends_with("]:");
}

/// `net/http.(*conn).serve(0xc0001a2000, {0x6f1a88, 0xc00009e0f0})`
bool is_call(std::string_view line) {
  if (line.back() != ')') {
    return false;
  }
  size_t at = 0;
  while (at < line.size() && line[at] != '(' && !look::is_blank(line[at])) {
    at++;
  }
  return at > 0 && at < line.size() && line[at] == '(';
}

/// `rax    0x0`, `PC=0x45e0a1 m=0 sigcode=0`.
bool is_register(std::string_view line) {
  if (line.starts_with("PC=0x")) {
    return true;
  }
  size_t at = 0;
  while (at < line.size() && at < 7 && look::is_name(line[at])) {
    at++;
  }
  return at > 1 && at < line.size() && line[at] == ' ' && look::unindented(line.substr(at)).starts_with("0x");
}

bool has_word(std::string_view line, std::string_view word) {
  size_t at = line.find(word);
  return at == 0 || (at != std::string_view::npos && !look::is_name(line[at - 1]));
}

bool is_first(std::string_view line) {
  return line.starts_with("fatal error: ") || line.starts_with("runtime: goroutine stack exceeds ") ||
         line.starts_with("unexpected fault address ") || line.starts_with("SIGQUIT: ") ||
         line.starts_with("SIGABRT: ") || line.starts_with("SIGSEGV: ") || has_word(line, "panic: ") ||
         has_word(line, "http: panic serving ");
}

}  // namespace

Judged judge_go(std::string_view line, uint8_t state) {
  bool is_inside = state >= panic;
  if (line.empty()) {
    return is_inside ? Judged{Turn::Follows, dump} : Judged{Turn::Begins, plain};
  }
  if (look::is_blank(line[0])) {
    return is_inside ? Judged{Turn::Follows, state} : Judged{Turn::Begins, plain};
  }
  if (is_goroutine(line)) {
    return {is_inside ? Turn::Follows : Turn::Begins, dump};
  }
  if (is_inside && (line.starts_with("created by ") || line.starts_with("[signal ") || line.starts_with("...") ||
                    line == "runtime stack:" || is_call(line) || is_register(line))) {
    return {Turn::Follows, dump};
  }
  if (is_first(line)) {
    bool is_next = state == panic && line.starts_with("fatal error: ");
    return {is_next ? Turn::Follows : Turn::Begins, panic};
  }
  return {Turn::Begins, plain};
}

}  // namespace stook
