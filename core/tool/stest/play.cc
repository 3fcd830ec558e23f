// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/tool/stest/diff.hh"
#include "core/tool/stest/rehearsal.hh"
#include "core/tool/stest/rows.hh"
#include "core/tool/stest/verdict.hh"

namespace stook {

namespace {
std::string rows_word(size_t count) {
  return std::to_string(count) + (count == 1 ? " row" : " rows");
}

class Play {
 public:
  Play(const TestFile& file, const TestCase& test) : file_(file), test_(test), world_(file, begin_of(test)) {
    world_.check(file);
    verdict_.file = file.path;
    verdict_.name = test.name;
    verdict_.line = test.line;
  }

  TestVerdict run() {
    for (const TestStep& step : test_.steps) {
      take(step);
    }
    expect_nothing_more();
    if (!verdict_.faults.empty() && !world_.log().empty()) {
      verdict_.faults.emplace_back("the log was told:");
      for (const std::string& line : world_.log()) {
        verdict_.faults.push_back("    " + line);
      }
    }
    return std::move(verdict_);
  }

 private:
  // A test that begins with `at` begins then: nothing is there yet that could come due on the way.
  static int64_t begin_of(const TestCase& test) {
    bool has_own = !test.steps.empty() && test.steps[0].kind == TestStep::Kind::At && test.steps[0].time > 0;
    return has_own ? test.steps[0].time : test_begin;
  }

  std::string at(int line) const { return file_.path + ":" + std::to_string(line) + ": "; }

  void take(const TestStep& step) {
    switch (step.kind) {
      case TestStep::Kind::Feed:
        if (!world_.feed(step)) {
          verdict_.faults.push_back(at(step.line) + "filters hold rows of so many feeds that these found no room");
        }
        return;
      case TestStep::Kind::Expect:
        expect(step);
        return;
      case TestStep::Kind::Count:
        count(step);
        return;
      case TestStep::Kind::Advance:
        world_.advance(step.time);
        return;
      case TestStep::Kind::At:
        if (step.time < world_.now()) {
          refuse_past(step);
        }
        world_.advance(step.time - world_.now());
        return;
      case TestStep::Kind::End:
        world_.end();
        return;
    }
  }

  [[noreturn]] void refuse_past(const TestStep& step) const {
    const std::string& line = file_.lines[static_cast<size_t>(step.line) - 1];
    Place place{file_.path, step.line, 1, static_cast<int>(line.size()), line};
    throw ConfigErrors(
        {ConfigError(place, "that time has passed",
                     "a test begins at its first step, when that is such, else at 2026-01-01T00:00:00Z")});
  }

  void expect(const TestStep& step) {
    watched_.insert(step.element);
    CaughtRows came = world_.take(step.element);
    std::vector<RowPair> pairs = align(step.rows, came);
    if (std::all_of(pairs.begin(), pairs.end(), [](const RowPair& pair) { return pair.is_same(); })) {
      return;
    }
    verdict_.faults.push_back(at(step.line) + "expect " + step.element + ": " + rows_word(step.rows.size()) +
                              " expected, " + std::to_string(came.size()) + " came");
    std::vector<std::string> lines = show_diff(step.rows, came, pairs);
    verdict_.faults.insert(verdict_.faults.end(), lines.begin(), lines.end());
    TestEdit edit{step.line + 1, step.last_line, {}};
    for (const RowPair& pair : pairs) {
      if (pair.is_same()) {
        edit.lines.push_back(file_.lines[static_cast<size_t>(step.rows[static_cast<size_t>(pair.expected)].line) - 1]);
      } else if (pair.came >= 0) {
        edit.lines.push_back("  " + row_text(came[static_cast<size_t>(pair.came)]));
      }
    }
    if (edit.lines.empty()) {
      edit.lines.emplace_back("  nothing");
    }
    verdict_.edits.push_back(std::move(edit));
  }

  void count(const TestStep& step) {
    std::map<std::string, uint64_t> counts = world_.counts(step.element);
    std::string line = "count " + step.element;
    bool is_right = true;
    for (auto& [name, expected] : step.counts) {
      uint64_t found = counts[name];
      line += " " + name + "=" + std::to_string(found);
      if (found != expected) {
        is_right = false;
        verdict_.faults.push_back(at(step.line) + "count " + step.element + ": " + name + " is " +
                                  std::to_string(found) + ", expected " + std::to_string(expected));
      }
    }
    if (!is_right) {
      verdict_.edits.push_back({step.line, step.line, {line}});
    }
  }

  // A test says all that leaves an element, or nothing of it.
  void expect_nothing_more() {
    for (const std::string& element : watched_) {
      CaughtRows rest = world_.take(element);
      if (rest.empty()) {
        continue;
      }
      verdict_.faults.push_back(at(test_.last_line) + "behind the last expect " + element +
                                ": nothing more expected, " + rows_word(rest.size()) + " came");
      TestEdit edit{test_.last_line + 1, test_.last_line, {"expect " + element}};
      for (const std::string& row : rest) {
        verdict_.faults.push_back("  + " + row_text(row));
        edit.lines.push_back("  " + row_text(row));
      }
      verdict_.edits.push_back(std::move(edit));
    }
  }

  const TestFile& file_;
  const TestCase& test_;
  Rehearsal world_;
  TestVerdict verdict_;
  std::set<std::string> watched_;
};
}  // namespace

TestVerdict play_test(const TestFile& file, const TestCase& test) {
  int64_t begin = read_clock(CLOCK_MONOTONIC);
  TestVerdict verdict = Play(file, test).run();
  verdict.seconds = static_cast<double>(read_clock(CLOCK_MONOTONIC) - begin) * 1e-9;
  return verdict;
}

std::string edited(const TestFile& file, const std::vector<TestVerdict>& verdicts) {
  std::vector<std::string> lines = file.lines;
  std::vector<const TestEdit*> edits;
  for (const TestVerdict& verdict : verdicts) {
    for (const TestEdit& edit : verdict.edits) {
      edits.push_back(&edit);
    }
  }
  // From the last on, so that numbers of lines stay true; of two at one place the later one goes in first.
  std::stable_sort(edits.begin(), edits.end(), [](auto* a, auto* b) { return a->first < b->first; });
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    auto first = lines.begin() + (*edit)->first - 1;
    first = lines.erase(first, lines.begin() + std::max((*edit)->last, (*edit)->first - 1));
    lines.insert(first, (*edit)->lines.begin(), (*edit)->lines.end());
  }
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

}  // namespace stook
