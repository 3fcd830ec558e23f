// SPDX-License-Identifier: Apache-2.0
#include "core/tool/stest/diff.hh"

#include <algorithm>

#include "core/tool/stest/rows.hh"

namespace stook {

namespace {
/// Beyond so many comparisons rows are paired by their places: a table of that many is slow to fill and of no help.
constexpr size_t most_compared = 250'000;

std::string shown(const TestRow& row) {
  return row.is_object ? row.text : "| " + row.text;
}
}  // namespace

std::vector<RowPair> align(const std::vector<TestRow>& expected, const std::vector<std::string>& came) {
  size_t n = expected.size();
  size_t m = came.size();
  std::vector<RowPair> pairs;
  size_t i = 0;
  size_t j = 0;
  // The longest common subsequence from (i, j) on, where it is worth it.
  std::vector<std::vector<uint32_t>> longest;
  std::vector<std::vector<bool>> is_match;
  if (n * m <= most_compared) {
    longest.assign(n + 1, std::vector<uint32_t>(m + 1, 0));
    is_match.assign(n, std::vector<bool>(m, false));
    for (size_t a = n; a-- > 0;) {
      for (size_t b = m; b-- > 0;) {
        is_match[a][b] = matches(expected[a], came[b]);
        longest[a][b] = is_match[a][b] ? longest[a + 1][b + 1] + 1 : std::max(longest[a + 1][b], longest[a][b + 1]);
      }
    }
  }
  while (i < n && j < m) {
    bool is_same = longest.empty() ? matches(expected[i], came[j]) : is_match[i][j];
    if (is_same) {
      pairs.push_back({static_cast<int>(i++), static_cast<int>(j++)});
    } else if (longest.empty()) {
      pairs.push_back({static_cast<int>(i++), -1});
      pairs.push_back({-1, static_cast<int>(j++)});
    } else if (longest[i + 1][j] >= longest[i][j + 1]) {
      pairs.push_back({static_cast<int>(i++), -1});
    } else {
      pairs.push_back({-1, static_cast<int>(j++)});
    }
  }
  for (; i < n; i++) {
    pairs.push_back({static_cast<int>(i), -1});
  }
  for (; j < m; j++) {
    pairs.push_back({-1, static_cast<int>(j)});
  }
  return pairs;
}

std::vector<std::string> show_diff(const std::vector<TestRow>& expected, const std::vector<std::string>& came,
                                   const std::vector<RowPair>& pairs) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < pairs.size();) {
    if (pairs[at].is_same()) {
      lines.push_back("    " + shown(expected[static_cast<size_t>(pairs[at++].expected)]));
      continue;
    }
    // A run without a match: its expected rows and those that came stand for each other, in order.
    std::vector<size_t> gone;
    std::vector<size_t> made;
    for (; at < pairs.size() && !pairs[at].is_same(); at++) {
      pairs[at].expected >= 0 ? gone.push_back(static_cast<size_t>(pairs[at].expected))
                              : made.push_back(static_cast<size_t>(pairs[at].came));
    }
    for (size_t i = 0; i < std::max(gone.size(), made.size()); i++) {
      if (i < gone.size()) {
        lines.push_back("  - " + shown(expected[gone[i]]));
      }
      if (i < made.size()) {
        lines.push_back("  + " + row_text(came[made[i]]));
      }
      if (i < gone.size() && i < made.size()) {
        for (const std::string& difference : differences(expected[gone[i]], came[made[i]])) {
          lines.push_back("      " + difference);
        }
      }
    }
  }
  return lines;
}

}  // namespace stook
