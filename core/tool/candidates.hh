// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What may stand for a word in capitals of a usage, such as the instances of the configuration at hand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// A word that may be typed, and what it is.
struct Candidate {
  std::string word;
  std::string doc;
};

/// What may stand for `what` of that command. `file` is the configuration at hand, which may be wrong or missing: what can
/// be read of it counts. The words `:files` and `:folders` stand for what only the shell knows.
std::vector<Candidate> candidates(std::string_view what, std::string_view command, const std::string& file);

}  // namespace stook
