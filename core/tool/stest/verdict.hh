// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What one test came to.
#pragma once

#include <string>
#include <vector>

#include "core/tool/stest/file.hh"

namespace stook {

/// Lines of a test file and what should stand there instead: [first, last], counted from 1; last < first: nothing is
/// taken away, and the new lines stand in front of `first`.
struct TestEdit {
  int first;
  int last;
  std::vector<std::string> lines;
};

struct TestVerdict {
  std::string file;
  std::string name;
  int line = 0;
  /// For people; empty when the test passed.
  std::vector<std::string> faults;
  /// What would make it pass.
  std::vector<TestEdit> edits;
  /// Seconds that it took, by a clock that runs.
  double seconds = 0;
  bool is_updated = false;
  bool has_passed() const { return faults.empty() || is_updated; }
};

/// Plays one test in a world of its own. Throws ConfigErrors where the file is wrong.
TestVerdict play_test(const TestFile& file, const TestCase& test);

/// The file's text with the edits of its tests.
std::string edited(const TestFile& file, const std::vector<TestVerdict>& verdicts);

/// `TAP version 13`, a line for each test, and what is wrong behind it.
std::string show_tap(const std::vector<TestVerdict>& verdicts);
/// JUnit's XML: a suite for each file.
std::string show_junit(const std::vector<TestVerdict>& verdicts);

}  // namespace stook
