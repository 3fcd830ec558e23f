// SPDX-License-Identifier: Apache-2.0
#include "core/tool/stest/file.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/base/text.hh"
#include "core/data/time_text.hh"
#include "core/plan/plan.hh"
#include "core/plan/registry.hh"
#include "core/tool/stest/rows.hh"

namespace stook {

namespace {
struct Word {
  std::string_view name;
  TestStep::Kind kind;
  bool has_rows;
  const char* form;
};
constexpr Word step_words[] = {
    {"feed", TestStep::Kind::Feed, true, "feed ID, and indented rows behind it"},
    {"expect", TestStep::Kind::Expect, true, "expect ID, and indented rows behind it"},
    {"count", TestStep::Kind::Count, false, "count ID in=1 out=1"},
    {"advance", TestStep::Kind::Advance, false, "advance 90s"},
    {"at", TestStep::Kind::At, false, "at 2026-11-21T03:38:00Z"},
    {"end", TestStep::Kind::End, false, "end"},
};

bool begins_test(std::string_view line) {
  return line.substr(0, 5) == "test " || line == "test";
}

class TestReader {
 public:
  explicit TestReader(TestFile& file) : file_(file) {}

  std::vector<ConfigError> read() {
    size_t at = 0;
    for (; at < file_.lines.size() && !begins_test(file_.lines[at]); at++) {
      file_.head += file_.lines[at] + "\n";
    }
    for (; at < file_.lines.size(); at++) {
      number_ = static_cast<int>(at) + 1;
      line_ = file_.lines[at];
      read_line();
    }
    if (file_.tests.empty()) {
      number_ = 0;
      line_ = {};
      refuse({}, "it has no test", "a test begins with a line such as: test probes are labelled");
    }
    return std::move(errors_);
  }

 private:
  void refuse(std::string_view what_is_wrong, const std::string& what, const std::string& hint) {
    Place place{file_.path, number_, 1, static_cast<int>(std::max<size_t>(trim(line_).size(), 1)), std::string(line_)};
    if (!what_is_wrong.empty()) {
      place.column = static_cast<int>(what_is_wrong.data() - line_.data()) + 1;
      place.length = static_cast<int>(what_is_wrong.size());
    }
    errors_.emplace_back(place, what, hint);
  }

  void read_line() {
    std::string_view text = trim(line_);
    if (text.empty() || text[0] == '#') {
      return;
    }
    if (line_[0] == ' ' || line_[0] == '\t') {
      read_row(text);
    } else if (begins_test(line_)) {
      std::string name(trim(line_.substr(4)));
      if (name.empty()) {
        refuse({}, "a test without a name", "its name is a sentence: test probes are labelled");
      }
      file_.tests.push_back({std::move(name), number_, number_, {}});
      takes_rows_ = false;
    } else {
      read_step(text);
    }
    if (!file_.tests.empty()) {
      file_.tests.back().last_line = number_;
    }
  }

  void read_row(std::string_view text) {
    if (!takes_rows_) {
      refuse(text, "a row that belongs to no step", "rows stand behind feed ID or expect ID; steps are not indented");
      return;
    }
    TestStep& step = file_.tests.back().steps.back();
    bool is_expected = step.kind == TestStep::Kind::Expect;
    step.last_line = number_;
    if (is_expected && text == "nothing") {
      return;
    }
    TestRow row{std::string(text), text[0] == '{', number_};
    std::string why;
    if (text[0] == '|') {
      // Behind the mark all counts, blanks at the end too.
      std::string_view rest = line_.substr(line_.find('|') + 1);
      row.text = rest.substr(rest.empty() || rest[0] != ' ' ? 0 : 1);
    } else if (!row.is_object) {
      refuse(text, "no row",
             std::string("a row is an object, {\"status\": 200}, or a text behind '| '") +
                 (is_expected ? ", or nothing" : ""));
      return;
    } else if (!(is_expected ? check_expected_row(row.text, why) : check_fed_row(row.text, why))) {
      refuse(text, why.substr(0, why.find("; ")),
             why.find("; ") == std::string::npos ? "a row is one object of JSON on one line"
                                                 : why.substr(why.find("; ") + 2));
      return;
    }
    step.rows.push_back(std::move(row));
  }

  void read_step(std::string_view text) {
    size_t blank = std::min(text.find_first_of(" \t"), text.size());
    std::string_view name = text.substr(0, blank);
    std::string_view rest = trim(text.substr(blank));
    const Word* word =
        std::find_if(std::begin(step_words), std::end(step_words), [&](auto& w) { return w.name == name; });
    takes_rows_ = false;
    if (word == std::end(step_words)) {
      std::vector<std::string> names = {"test"};
      for (const Word& one : step_words) {
        names.emplace_back(one.name);
      }
      std::string hint = did_you_mean(name, names);
      refuse(name, "'" + printable(name, 40) + "' is no step",
             hint.empty() ? "steps are " + show_names({"feed", "expect", "count", "advance", "at", "end"}) : hint);
      return;
    }
    TestStep step;
    step.kind = word->kind;
    step.line = step.last_line = number_;
    if (read_rest(step, rest, *word)) {
      takes_rows_ = word->has_rows;
      file_.tests.back().steps.push_back(std::move(step));
    }
  }

  bool read_rest(TestStep& step, std::string_view rest, const Word& word) {
    std::string form = std::string("it is written: ") + word.form;
    std::string why;
    Duration span;
    switch (step.kind) {
      case TestStep::Kind::Feed:
      case TestStep::Kind::Expect:
        step.element = rest;
        if (rest.empty() || rest.find_first_of(" \t") != std::string_view::npos) {
          refuse(rest, std::string(word.name) + (rest.empty() ? " names no element" : " takes one element"), form);
          return false;
        }
        return true;
      case TestStep::Kind::Count:
        return read_counts(step, rest, form);
      case TestStep::Kind::Advance:
        if (!read_value(rest, span, why) || span.ns <= 0) {
          refuse(rest, "advance takes a span of time", form);
          return false;
        }
        step.time = span.ns;
        return true;
      case TestStep::Kind::At:
        if (TimeText time = TimeReader("iso8601").read_all(rest)) {
          step.time = time.ns;
          return true;
        }
        refuse(rest, "at takes a time", form);
        return false;
      case TestStep::Kind::End:
        if (!rest.empty()) {
          refuse(rest, "end takes no word", form);
        }
        return rest.empty();
    }
    return false;
  }

  bool read_counts(TestStep& step, std::string_view rest, const std::string& form) {
    size_t before = errors_.size();
    while (!rest.empty()) {
      size_t blank = std::min(rest.find_first_of(" \t"), rest.size());
      std::string_view piece = rest.substr(0, blank);
      rest = trim(rest.substr(blank));
      if (step.element.empty()) {
        step.element = piece;
        continue;
      }
      size_t sign = std::min(piece.find('='), piece.size());
      std::string_view name = piece.substr(0, sign);
      uint64_t count = 0;
      std::string why;
      bool is_known = std::find(std::begin(count_names), std::end(count_names), name) != std::end(count_names);
      if (!is_known && !name.starts_with(meter_prefix)) {
        std::vector<std::string> names(std::begin(count_names), std::end(count_names));
        std::string hint = did_you_mean(name, names);
        refuse(name, "'" + printable(name, 40) + "' is nothing that is counted",
               hint.empty() ? "there are " + show_names(names) : hint);
      } else if (sign == piece.size() || !read_value(piece.substr(sign + 1), count, why)) {
        refuse(piece, "a count without a number", form);
      }
      step.counts.emplace_back(name, count);
    }
    if (step.counts.empty()) {
      refuse({}, "count names nothing to be counted", form);
    }
    return errors_.size() == before;
  }

  TestFile& file_;
  std::vector<ConfigError> errors_;
  int number_ = 0;
  std::string_view line_;
  bool takes_rows_ = false;
};
}  // namespace

std::vector<std::string> TestFile::elements(TestStep::Kind kind) const {
  std::vector<std::string> found;
  for (const TestCase& test : tests) {
    for (const TestStep& step : test.steps) {
      if (step.kind == kind && std::find(found.begin(), found.end(), step.element) == found.end()) {
        found.push_back(step.element);
      }
    }
  }
  return found;
}

TestFile read_test_file(const std::string& path) {
  TestFile file;
  file.path = path;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    throw ConfigErrors({ConfigError({path, 0, 0, 0, {}}, std::string("cannot read it: ") + std::strerror(errno))});
  }
  std::istringstream lines(text.str());
  for (std::string line; std::getline(lines, line);) {
    file.lines.push_back(std::move(line));
  }
  std::vector<ConfigError> errors = TestReader(file).read();
  if (!errors.empty()) {
    throw ConfigErrors(std::move(errors));
  }
  return file;
}

}  // namespace stook
