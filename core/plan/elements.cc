// SPDX-License-Identifier: Apache-2.0
#include "core/plan/elements.hh"

#include <algorithm>

#include "core/base/text.hh"
#include "core/plan/binder.hh"
#include "core/plan/edges.hh"
#include "core/plan/settings.hh"

namespace stook {

namespace {
bool is_any_of(const std::string& value, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return equal_in_any_case(trim(value), word); });
}

// `on_error = letters`: the letters say which element's rows they are.
void say_why(Draft& draft, const StackDraft& stack, const Given& given, const std::string& id) {
  if (!is_any_of(given.value, {"letters"}) || stack.is_broken) {
    return;
  }
  std::string reason = "failed in '" + id + "'";
  InstanceDraft& letters = draft.instances[stack.elements.back().instance];
  if (letters.find("reason") == nullptr) {
    letters.given.push_back({"reason", reason, true, true, given.place, given.value_place, reason});
  }
}

// The elements that an option of an instance names.
StackDraft bind_edge(Draft& draft, Binder& binder, size_t at, const Given& given, const char* instead) {
  Pair pair = pair_of(given);
  std::string label = "[" + draft.instances[at].instance->id + "] " + given.name + ": ";
  StackDraft stack;
  if (trim(pair.value).empty()) {
    draft.refuse(given.value_place, label + "no element",
                 std::string("it takes ") + instead + " or filters and a sink");
    stack.is_broken = true;
  } else {
    stack = binder.bind(pair, label, Shape::Failed);
  }
  draft.instances[at].is_broken = draft.instances[at].is_broken || stack.is_broken;
  return stack;
}

// Binds what on_error and on_refused options name. The list of instances grows meanwhile.
void bind_edges(Draft& draft, Binder& binder) {
  for (size_t i = 0; i < draft.instances.size(); i++) {
    Kind kind = draft.instances[i].instance->plugin->kind;
    const Given* on_error = kind == Kind::Source ? nullptr : draft.instances[i].find("on_error");
    if (on_error != nullptr && !is_any_of(on_error->value, {"pass", "drop"})) {
      Given given = *on_error;
      StackDraft stack = bind_edge(draft, binder, i, given, "pass, drop");
      say_why(draft, stack, given, draft.instances[i].instance->id);
      draft.instances[i].on_error = std::move(stack.elements);
    }
    const Given* on_refused = kind == Kind::Sink ? draft.instances[i].find("on_refused") : nullptr;
    if (on_refused != nullptr && !is_any_of(on_refused->value, {"", "drop", "letters"})) {
      Given given = *on_refused;
      add_refusals(draft, binder, i, given, bind_edge(draft, binder, i, given, "drop, letters"));
    }
  }
}

// Binds what groups are made of. The list of instances grows meanwhile.
void bind_members(Draft& draft, Binder& binder) {
  for (size_t i = 0; i < draft.instances.size(); i++) {
    if (!draft.instances[i].instance->plugin->is_group) {
      continue;
    }
    std::vector<Given> given = draft.instances[i].given;
    std::stable_partition(given.begin(), given.end(), [](const Given& one) { return one.name != "last"; });
    for (const Given& one : given) {
      if (!names_members(one.name) || trim(one.value).empty()) {
        continue;
      }
      std::string label = "[" + draft.instances[i].instance->id + "] ";
      label += (one.name.empty() ? "members" : one.name) + ": ";
      StackDraft members = binder.bind(pair_of(one), label, Shape::Members);
      InstanceDraft& group = draft.instances[i];
      group.members.insert(group.members.end(), members.elements.begin(), members.elements.end());
      group.is_broken = group.is_broken || members.is_broken;
      if (one.name == "last" && members.elements.size() > 1) {
        draft.refuse(one.value_place, label + "more than one sink", "it takes one");
      }
    }
  }
}
}  // namespace

void bind_elements(Draft& draft, const std::string& inline_stack) {
  Binder binder(draft);
  std::vector<Pair> stacks = stack_pairs(draft, inline_stack);
  for (const Pair& pair : stacks) {
    binder.collect(pair.value);
  }
  for (const Section& section : draft.ini.sections) {
    for (const Pair& pair : section.pairs) {
      bool is_of_group = names_members(pair.name) && binder.is_group(section.id);
      if (pair.name == "on_error" || pair.name == "on_refused" || is_of_group) {
        binder.collect(pair.value);
      }
    }
  }
  for (const Pair& pair : stacks) {
    draft.stacks.push_back(binder.bind(pair, inline_stack.empty() ? "[global] stack: " : "", Shape::Stack));
  }
  bind_edges(draft, binder);
  bind_members(draft, binder);
  binder.refuse_unknown_sections();
}

}  // namespace stook
