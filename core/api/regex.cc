// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/api/regex.hh"

#include <pcre2.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace stook {

namespace {

constexpr size_t jit_stack_start = 32 * 1024;
constexpr size_t jit_stack_most = 1024 * 1024;

PCRE2_SPTR units(std::string_view text) {
  // PCRE2 10.42 takes a null pointer for an empty subject, older ones do not.
  return reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
}

[[noreturn]] void refuse(int error, size_t position) {
  PCRE2_UCHAR text[160];
  int length = pcre2_get_error_message(error, text, sizeof text);
  std::string message = length > 0 ? reinterpret_cast<const char*>(text) : "PCRE2 error " + std::to_string(error);
  throw std::invalid_argument("not a regular expression: " + message + " (at character " +
                              std::to_string(position + 1) + ")");
}

std::vector<Regex::Group> named_groups(const pcre2_code* code) {
  uint32_t count = 0;
  uint32_t width = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &width);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  std::vector<Regex::Group> groups;
  for (uint32_t i = 0; i < count; i++, table += width) {
    groups.push_back({reinterpret_cast<const char*>(table + 2), table[0] << 8 | table[1]});
  }
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return groups;
}

}  // namespace

Regex::Regex(std::string_view pattern, bool is_watched) {
  int error = 0;
  PCRE2_SIZE position = 0;
  uint32_t options = PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
  options |= is_watched ? PCRE2_AUTO_CALLOUT : 0;
  code_ = pcre2_compile(units(pattern), pattern.size(), options, &error, &position, nullptr);
  if (code_ == nullptr) {
    refuse(error, position);
  }
  has_jit_ = pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE) == 0;
  groups_ = named_groups(code_);
}

Regex::~Regex() {
  pcre2_code_free(code_);
}

Regex::Regex(Regex&& other) noexcept
    : code_(std::exchange(other.code_, nullptr)), has_jit_(other.has_jit_), groups_(std::move(other.groups_)) {}

int Regex::group_count() const {
  uint32_t count = 0;
  pcre2_pattern_info(code_, PCRE2_INFO_CAPTURECOUNT, &count);
  return static_cast<int>(count);
}

size_t Regex::memory() const {
  size_t size = 0;
  size_t jit_size = 0;
  pcre2_pattern_info(code_, PCRE2_INFO_SIZE, &size);
  pcre2_pattern_info(code_, PCRE2_INFO_JITSIZE, &jit_size);
  return size + jit_size;
}

void Matcher::Free::operator()(pcre2_match_data* data) const {
  pcre2_match_data_free(data);
}
void Matcher::Free::operator()(pcre2_match_context* context) const {
  pcre2_match_context_free(context);
}
void Matcher::Free::operator()(pcre2_jit_stack* stack) const {
  pcre2_jit_stack_free(stack);
}

Matcher::Matcher(const Regex& regex, MatchLimits limits)
    : code_(regex.code_),
      has_jit_(regex.has_jit_),
      context_(pcre2_match_context_create(nullptr)),
      data_(pcre2_match_data_create_from_pattern(regex.code_, nullptr)) {
  if (context_ == nullptr || data_ == nullptr) {
    throw std::bad_alloc();
  }
  pcre2_set_match_limit(context_.get(), limits.steps);
  pcre2_set_depth_limit(context_.get(), limits.depth);
  if (has_jit_) {
    stack_.reset(pcre2_jit_stack_create(jit_stack_start, jit_stack_most, nullptr));
    pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
  }
  bounds_ = pcre2_get_ovector_pointer(data_.get());
}

void Matcher::watch(bool (*is_over)(void*), void* about) {
  watch_ = std::make_unique<Watch>(Watch{is_over, about});
  auto ask = [](pcre2_callout_block*, void* asked) {
    const Watch& watch = *static_cast<const Watch*>(asked);
    return watch.is_over(watch.about) ? PCRE2_ERROR_CALLOUT : 0;
  };
  pcre2_set_callout(context_.get(), ask, watch_.get());
}

Matched Matcher::match(std::string_view text, size_t from) const {
  // The JIT's own entry leaves out checks that bytes without options do not need.
  int found = has_jit_ ? pcre2_jit_match(code_, units(text), text.size(), from, 0, data_.get(), context_.get())
                       : pcre2_match(code_, units(text), text.size(), from, 0, data_.get(), context_.get());
  if (found == PCRE2_ERROR_NOMATCH) {
    return Matched::No;
  }
  return found >= 0 ? Matched::Yes : Matched::Limit;
}

}  // namespace stook
