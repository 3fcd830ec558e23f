// SPDX-License-Identifier: Apache-2.0
/// The elements that a test file names, against its plan.
#include <algorithm>

#include "core/plan/registry.hh"
#include "core/plan/trial.hh"
#include "core/tool/stest/rehearsal.hh"

namespace stook {

namespace {
Place place_of(const TestFile& file, const TestStep& step) {
  const std::string& line = file.lines[static_cast<size_t>(step.line) - 1];
  size_t at = line.find(step.element, line.find_first_of(" \t"));
  return {file.path, step.line, static_cast<int>(at) + 1, static_cast<int>(step.element.size()), line};
}

bool is_tap(const Plan& plan, const Instance& instance) {
  size_t dot = instance.id.rfind('.');
  return instance.plugin->kind == Kind::Sink && dot != std::string::npos &&
         plan.find(instance.id.substr(0, dot)) != nullptr && instance.id == tap_id(instance.id.substr(0, dot));
}
}  // namespace

bool Rehearsal::has_sink(std::string_view id) const {
  return std::any_of(carriers_.begin(), carriers_.end(), [&](auto& carrier) { return carrier->instance.id == id; });
}

bool Rehearsal::has_element(std::string_view id) const {
  return std::any_of(plan_->routes.begin(), plan_->routes.end(),
                     [&](auto& route) { return route->source->id == id || !nodes_of(*route, id).empty(); });
}

// What is wrong with the element that a step names, `what is wrong; what would be right`; empty when nothing is.
std::string Rehearsal::why_not(const TestStep& step) const {
  const std::string& id = step.element;
  bool is_expect = step.kind == TestStep::Kind::Expect;
  if (is_expect && id == log_element) {
    return {};
  }
  if (!has_element(id)) {
    std::vector<std::string> names;
    for (auto& instance : plan_->instances) {
      if (!is_tap(*plan_, *instance) && has_element(instance->id)) {
        names.push_back(instance->id);
      }
    }
    std::string hint = did_you_mean(id, names);
    return "no element '" + id + "' in these stacks; " + (hint.empty() ? "there are " + show_names(names) : hint);
  }
  if (step.kind == TestStep::Kind::Feed) {
    size_t places = 0;
    for (auto& route : plan_->routes) {
      places += nodes_of(*route, id).size();
    }
    return places < 2 ? "" : "'" + id + "' stands at several places of these stacks; feed their source";
  }
  if (is_expect && !has_sink(id) && !has_sink(tap_id(id))) {
    return std::any_of(plan_->routes.begin(), plan_->routes.end(), [&](auto& route) { return route->source->id == id; })
               ? "'" + id + "' is a source, and gives what it is fed; expect rows behind a filter or at a sink"
               : "'" + id + "' stands only among elements for failed rows; expect what reaches their sink";
  }
  return {};
}

void Rehearsal::check(const TestFile& file) const {
  std::vector<ConfigError> errors;
  for (const TestCase& test : file.tests) {
    for (const TestStep& step : test.steps) {
      std::string why = step.element.empty() ? "" : why_not(step);
      if (!why.empty()) {
        size_t cut = why.find("; ");
        errors.emplace_back(place_of(file, step), why.substr(0, cut), why.substr(cut + 2));
      }
    }
  }
  if (!errors.empty()) {
    throw ConfigErrors(std::move(errors));
  }
}

}  // namespace stook
