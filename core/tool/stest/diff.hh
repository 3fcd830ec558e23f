// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Expected rows beside those that came, in the order that leaves the fewest over.
#pragma once

#include <string>
#include <vector>

#include "core/tool/stest/file.hh"

namespace stook {

/// One place of the alignment: an expected row, one that came, or both where they match. -1: none.
struct RowPair {
  int expected;
  int came;
  bool is_same() const { return expected >= 0 && came >= 0; }
};

std::vector<RowPair> align(const std::vector<TestRow>& expected, const std::vector<std::string>& came);

/// For people: a row that is as expected behind blanks, `-` in front of one that did not come, `+` of one that was not
/// expected, and in which keys the two differ where one stands for the other.
std::vector<std::string> show_diff(const std::vector<TestRow>& expected, const std::vector<std::string>& came,
                                   const std::vector<RowPair>& pairs);

}  // namespace stook
