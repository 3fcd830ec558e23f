// SPDX-License-Identifier: Apache-2.0
/// Floor 5. A test file of `stook test`, as somebody wrote it.
///
/// Up to the first line that begins with `test ` it is a configuration as in stook.conf, for which paths are relative to
/// the file: stack lines with their options, sections, `include = ../stook.conf`. Then come tests, each of steps. Steps
/// begin at the head of a line, rows are indented, `#` begins a comment:
///
///     stack = in:stdin, label:lua(label_web.lua), out:stdout
///
///     test requests are told apart
///     feed label
///       {"status": 404, "path": "/x.php"}
///     expect out
///       {"label": "probe", ...}
///     count label in=1 failed=0
///
/// | step | meaning |
/// |---|---|
/// | `feed ID` | the rows enter at this element: at a source, a filter or a sink |
/// | `expect ID` | these rows, and no others, have left this filter or reached this sink since the last time; `log`: events |
/// | `count ID in=1 …` | what the ledger has counted for this element since the test began |
/// | `advance 90s` | so much time passes: ticks, windows and time-outs come due, in order |
/// | `at 2026-11-21T03:38:00Z` | time passes until then |
/// | `end` | the stream ends: what filters and sinks hold comes out |
///
/// A row is `{…}`, an object of JSON, or `|` and a blank in front of a text: fed, the text of the key `message`; expected, a
/// line as the sink writes it. A key may carry a type that JSON has not: `"src.ip:address": "192.0.2.1"`. In an expected
/// object the order of keys does not matter, and `...` at its end lets other keys be there; a text that ends in ` ...` has
/// to begin so. `nothing` is no rows. The clock of each test begins at its first step
/// when that is `at`, else at 2026-01-01T00:00:00Z.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

/// A row of a test file: its text without the mark in front.
struct TestRow {
  std::string text;
  bool is_object = false;
  int line = 0;
};

struct TestStep {
  enum class Kind : uint8_t { Feed, Expect, Count, Advance, At, End };
  Kind kind = Kind::End;
  int line = 0;
  /// Feed, Expect, Count.
  std::string element;
  std::vector<TestRow> rows;
  /// The last line of its rows, or its own.
  int last_line = 0;
  std::vector<std::pair<std::string, uint64_t>> counts;
  /// Advance: a span; At: ns since 1970 UTC.
  int64_t time = 0;
};

struct TestCase {
  std::string name;
  int line = 0;
  /// The last line that says anything.
  int last_line = 0;
  std::vector<TestStep> steps;
};

struct TestFile {
  std::string path;
  std::vector<std::string> lines;
  /// The configuration.
  std::string head;
  std::vector<TestCase> tests;

  /// The ids of all elements that this kind of step names, each once.
  std::vector<std::string> elements(TestStep::Kind kind) const;
};

/// What a `count` may name, in the words of the ledger.
inline constexpr std::string_view count_names[] = {"in",      "out",    "filtered", "held",        "made",
                                                   "dropped", "routed", "failed",   "type_faults", "keys_lost"};
/// What stands before the name of a meter that a script made.
inline constexpr std::string_view meter_prefix = "meter.";
/// The element that stands for events of the log.
inline constexpr std::string_view log_element = "log";
/// When each test begins (ns since 1970 UTC).
inline constexpr int64_t test_begin = 1'767'225'600'000'000'000;

/// Reads and checks a file. Throws ConfigErrors with all that is wrong with its tests.
TestFile read_test_file(const std::string& path);

}  // namespace stook
