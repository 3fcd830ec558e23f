// SPDX-License-Identifier: Apache-2.0
/// Which lines are one event: the built-in rules of `multiline`. They look at a line's first bytes and, where these do not
/// tell, at its last ones; none searches a line that continues a trace.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/api/option.hh"

namespace stook {

enum class Rule : uint8_t { None, Java, Python, Go, Ruby, Dotnet, Docker, Cri };
template <>
inline constexpr std::string_view choice_names<Rule>[] = {"none", "java",   "python", "go",
                                                          "ruby", "dotnet", "docker", "cri"};

/// What a line is to the event that is open. Begins: the open event is complete, this line opens another one.
/// Follows: it belongs to the open event, or opens one when none is. Ends: the same, and it is the last one.
/// Alone: the open event is complete, and so is this line.
enum class Turn : uint8_t { Begins, Follows, Ends, Alone };

/// A rule's answer. `state` is for the next line of the same stream; 0: no event is open.
struct Judged {
  Turn turn;
  uint8_t state;
};

/// Judges a line behind the lines that led to `state`.
using Judge = Judged (*)(std::string_view line, uint8_t state);

/// The judge of a rule. Docker: a line is complete when it ends in a newline. None and Cri: every line is alone.
Judge judge_of(Rule rule);

Judged judge_java(std::string_view line, uint8_t state);
Judged judge_python(std::string_view line, uint8_t state);
Judged judge_go(std::string_view line, uint8_t state);
Judged judge_ruby(std::string_view line, uint8_t state);
Judged judge_dotnet(std::string_view line, uint8_t state);

}  // namespace stook
