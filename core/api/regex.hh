// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Regular expressions: the one door to PCRE2, with its JIT. Patterns and subjects are bytes, so that text which
/// is not UTF-8 matches like any other; `(*UTF)` is refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;

namespace stook {

/// A compiled regular expression. Constant once built, shared by the matchers of all workers.
class Regex {
 public:
  /// A named group.
  struct Group {
    std::string name;
    int number;
  };

  /// Throws std::invalid_argument with one sentence and the position when the pattern is none.
  /// `is_watched`: before each of its items a match asks the Matcher's watch; that takes up to eight times as long.
  explicit Regex(std::string_view pattern, bool is_watched = false);
  ~Regex();
  Regex(Regex&& other) noexcept;
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  Regex& operator=(Regex&&) = delete;

  /// The named groups by ascending number.
  const std::vector<Group>& groups() const { return groups_; }
  bool has_jit() const { return has_jit_; }
  /// How many groups there are, named or not.
  int group_count() const;
  /// Bytes it takes.
  size_t memory() const;

 private:
  friend class Matcher;
  pcre2_real_code_8* code_ = nullptr;
  bool has_jit_ = false;
  std::vector<Group> groups_;
};

/// How a match went. Limit: given up, because it took more steps or memory than allowed.
enum class Matched : uint8_t { No, Yes, Limit };

/// How far a match may go before it is given up: steps of the search, and depth of nesting where there is no JIT.
struct MatchLimits {
  uint32_t steps = 1'000'000;
  uint32_t depth = 10'000;
};

/// Matches one Regex; holds what a match needs, so that nothing is allocated per text.
/// *Rooms:* one replica, one room. Lives no longer than its Regex.
class Matcher {
 public:
  explicit Matcher(const Regex& regex, MatchLimits limits = {});

  /// Of a watched Regex: asked again and again in a match, which ends as Limit when it says true. It must not throw.
  void watch(bool (*is_over)(void*), void* about);

  /// Searches the text for the expression, from a place in it on; what stands before that place is looked back at.
  Matched match(std::string_view text, size_t from = 0) const;
  /// The bytes of a group in the last match; false when it took no part. REQUIRES: the last match said Yes.
  [[nodiscard]] bool find_group(std::string_view text, int number, std::string_view& group) const {
    size_t begin = bounds_[2 * static_cast<size_t>(number)];
    if (begin == ~size_t{0}) {
      return false;
    }
    size_t end = bounds_[2 * static_cast<size_t>(number) + 1];
    // A group set within a lookahead may begin behind its end.
    group = begin <= end ? text.substr(begin, end - begin) : std::string_view();
    return true;
  }

 private:
  struct Free {
    void operator()(pcre2_real_match_data_8* data) const;
    void operator()(pcre2_real_match_context_8* context) const;
    void operator()(pcre2_real_jit_stack_8* stack) const;
  };
  struct Watch {
    bool (*is_over)(void*);
    void* about;
  };
  const pcre2_real_code_8* code_;
  bool has_jit_;
  std::unique_ptr<Watch> watch_;  // PCRE2 has its address
  std::unique_ptr<pcre2_real_jit_stack_8, Free> stack_;
  std::unique_ptr<pcre2_real_match_context_8, Free> context_;
  std::unique_ptr<pcre2_real_match_data_8, Free> data_;
  const size_t* bounds_;
};

}  // namespace stook
