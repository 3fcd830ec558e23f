// SPDX-License-Identifier: Apache-2.0
#include "core/tool/repl/shell.hh"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/plan/plan.hh"
#include "core/plan/trial.hh"
#include "core/tool/stest/rows.hh"

namespace stook {

namespace {
constexpr size_t most_fed = 100;

bool is_file(const std::string& name) {
  struct stat st {};
  return ::stat(name.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

// A test file without tests, whose head is what is played.
TestFile file_of(const std::string& what) {
  TestFile file;
  file.path = "stack";
  file.head = "stack = " + what + "\n";
  if (!is_file(what)) {
    return file;
  }
  size_t slash = what.rfind('/') + 1;
  if (what.ends_with(".lua")) {
    file.head = "stack = in:stdin, script:lua(script=\"" + what + "\"), out:stdout(format=json)\n";
  } else {
    file.path = what.substr(0, slash) + "stack";
    file.head = "include = " + what.substr(slash) + "\n";
  }
  return file;
}

std::unique_ptr<Plan> plan_of(const TestFile& file) {
  Trial trial{file.head, {}, nullptr};
  PlanRequest request;
  request.file = file.path;
  request.threads = 1;
  request.trial = &trial;
  return make_plan(request);
}

std::string contents_of(const Plan& plan) {
  std::string all;
  for (const auto& instance : plan.instances) {
    all += instance->id + "\n" + instance->wiring.content + "\n";
  }
  return all;
}

void add_once(std::vector<std::string>& ids, const std::string& id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
    ids.push_back(id);
  }
}

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
}
}  // namespace

Shell::Shell(const std::string& what) {
  plan(what);
}

void Shell::plan(const std::string& what) {
  begin(file_of(what));
}

void Shell::begin(TestFile file) {
  std::unique_ptr<Plan> plan = plan_of(file);
  std::vector<std::string> ids;
  std::vector<std::string> sinks;
  for (const auto& route : plan->routes) {
    add_once(ids, route->source->id);
    for (const Node& node : route->nodes) {
      add_once(ids, node.instance->id);
    }
    for (const Instance* sink : route->sinks) {
      add_once(sinks, sink->id);
    }
  }
  file.tests = {TestCase{}};
  for (const std::string& id : ids) {
    TestStep step;
    step.kind = TestStep::Kind::Expect;
    step.element = id;
    file.tests[0].steps.push_back(std::move(step));
  }
  world_.reset();  // there is one world at a time
  int64_t now = read_clock(CLOCK_REALTIME);
  try {
    world_ = std::make_unique<Rehearsal>(file, now);
  } catch (...) {
    if (!file_.head.empty()) {
      world_ = std::make_unique<Rehearsal>(file_, now);
    }
    throw;
  }
  file_ = std::move(file);
  ids_ = std::move(ids);
  sinks_ = std::move(sinks);
  contents_ = contents_of(*plan);
  entry_ = ids_.front();
  fed_.clear();
  number_ = 0;
}

void Shell::show() const {
  std::string line;
  for (const std::string& id : ids_) {
    line += (line.empty() ? "" : ", ") + id;
  }
  say(line + "; rows enter at " + entry_);
}

bool Shell::is_sink(const std::string& id) const {
  return std::find(sinks_.begin(), sinks_.end(), id) != sinks_.end();
}

bool Shell::has_changed() const {
  return contents_of(*plan_of(file_)) != contents_;
}

// A script that was changed meanwhile is begun anew; one that is wrong is told of, and the former one stays.
void Shell::refresh() {
  try {
    if (has_changed()) {
      std::string entry = entry_;
      begin(TestFile(file_));
      entry_ = entry;
      say("a script has changed: all begins anew");
    }
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stdout);
    say("the former script goes on");
  }
}

void Shell::feed(const std::string& text) {
  refresh();
  TestStep step;
  step.kind = TestStep::Kind::Feed;
  step.element = entry_;
  TestRow row{text, text[0] == '{', 1};
  std::string why;
  if (row.is_object && !check_fed_row(text, why)) {
    say(why);
    return;
  }
  step.rows.push_back(std::move(row));
  if (!world_->feed(step)) {
    say("filters hold so many rows that this one found no room; `:end` has them let go");
    return;
  }
  number_++;
  collect(text, is_stepping_);
}

void Shell::collect(const std::string& row, bool shows_all) {
  Fed fed{number_, row, {}};
  for (const std::string& id : ids_) {
    fed.came.emplace_back(id, world_->take(id));
  }
  print(fed, shows_all);
  print_log();
  fed_.push_back(std::move(fed));
  if (fed_.size() > most_fed) {
    fed_.pop_front();
  }
}

void Shell::print(const Fed& fed, bool shows_all) const {
  bool has_any = false;
  size_t width = 0;
  for (const std::string& id : ids_) {
    width = std::max(width, id.size());
  }
  for (const auto& [id, rows] : fed.came) {
    bool is_shown = id != ids_.front() && (shows_all || is_sink(id));
    for (size_t i = 0; is_shown && i < rows.size(); i++) {
      std::printf("%-*s  %s\n", static_cast<int>(width), id.c_str(), rows[i].c_str());
      has_any = true;
    }
    if (is_shown && shows_all && rows.empty()) {
      std::printf("%-*s  nothing\n", static_cast<int>(width), id.c_str());
      has_any = true;
    }
  }
  if (!has_any) {
    say("nothing came out");
  }
}

void Shell::print_log() {
  for (const std::string& line : world_->take(std::string(log_element))) {
    say("log: " + line);
  }
}

}  // namespace stook
