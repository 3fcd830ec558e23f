// SPDX-License-Identifier: Apache-2.0
#include "core/plan/elements.hh"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/text.hh"
#include "core/plan/registry.hh"
#include "core/plan/settings.hh"
#include "core/plan/stack.hh"

namespace stook {

namespace {
constexpr const char* stack_shape = "a stack is a source, then filters, then a sink";
constexpr const char* group_shape = "a group is made of sinks";
// A stack, the elements that failed rows go to, or the members of a group.
enum class Shape : uint8_t { Stack, Failed, Members };
constexpr size_t most_instances = 4096;

std::string with_article(Kind kind) {
  return "a " + std::string(kind_name(kind));
}
std::string show(const Plugin& plugin) {
  return std::string(kind_name(plugin.kind)) + " '" + plugin.name + "'";
}

bool is_stack(const Given& on_error) {
  return !equal_in_any_case(on_error.value, "pass") && !equal_in_any_case(on_error.value, "drop");
}

// Whether an option of a group names members; the empty name is the primary one.
bool names_members(std::string_view option) {
  return option.empty() || option == "members" || option == "last";
}

class Binder {
 public:
  explicit Binder(Draft& draft) : draft_(draft) {}

  // Notes the ids that a stack's text binds by `id:PLUGIN`, within a group's parentheses too.
  void collect(std::string_view text) {
    for (const ElementText& element : parse_stack(text)) {
      if (!element.id.empty()) {
        bound_.emplace(element.id, element.name);
      }
      for (size_t i = 0; is_group(element.name) && i < element.arguments.size(); i++) {
        if (names_members(element.arguments[i].name)) {
          collect(element.arguments[i].value);
        }
      }
    }
  }

  StackDraft bind(const Pair& pair, const std::string& label, Shape shape) {
    StackDraft stack;
    stack.place = pair.value_place;
    bool has_source = shape == Shape::Stack;
    shape_ = shape == Shape::Members ? group_shape : stack_shape;
    std::vector<ElementText> texts = parse_stack(pair.value);
    if (has_source && texts.size() < 2) {
      draft_.refuse(pair.value_place, label + "fewer than two elements", stack_shape);
      stack.is_broken = true;
    }
    for (size_t i = 0; i < texts.size(); i++) {
      bool is_first = i == 0 && has_source;
      bool is_sink = i + 1 == texts.size() || shape == Shape::Members;
      Kind kind = is_first ? Kind::Source : is_sink ? Kind::Sink : Kind::Filter;
      Place place = pair.place_of(texts[i].offset, texts[i].length);
      if (texts.size() < 2 && has_source) {
        mentioned_.insert(texts[i].id.empty() ? texts[i].name : texts[i].id);
        continue;
      }
      stack.elements.push_back({bind_one(texts[i], kind, pair, place, label), place});
      stack.is_broken = stack.is_broken || stack.elements.back().instance == no_instance;
    }
    return stack;
  }

  // Binds what on_error options name. The list of instances grows meanwhile.
  void bind_on_error() {
    for (size_t i = 0; i < draft_.instances.size(); i++) {
      InstanceDraft& draft = draft_.instances[i];
      const Given* given = draft.find("on_error");
      if (given == nullptr || draft.instance->plugin->kind == Kind::Source || !is_stack(*given)) {
        continue;
      }
      Pair pair = pair_of(*given);
      std::string label = "[" + draft.instance->id + "] on_error: ";
      if (trim(pair.value).empty()) {
        draft_.refuse(given->value_place, label + "no element", "it takes pass, drop or filters and a sink");
        draft.is_broken = true;
        continue;
      }
      StackDraft stack = bind(pair, label, Shape::Failed);
      say_why(stack, *given, draft_.instances[i].instance->id);
      draft_.instances[i].on_error = std::move(stack.elements);
      draft_.instances[i].is_broken = draft_.instances[i].is_broken || stack.is_broken;
    }
  }

  // Whether this is the name of a group's plugin, or the id of a group.
  bool is_group(const std::string& name) const {
    auto bound = bound_.find(name);
    const Pair* named = section_plugin(name);
    const Plugin* plugin = find_plugin(Kind::Sink, named != nullptr        ? named->value
                                                   : bound != bound_.end() ? bound->second
                                                                           : name);
    return plugin != nullptr && plugin->is_group;
  }

  // Binds what groups are made of. The list of instances grows meanwhile.
  void bind_members() {
    for (size_t i = 0; i < draft_.instances.size(); i++) {
      if (!draft_.instances[i].instance->plugin->is_group) {
        continue;
      }
      std::vector<Given> given = draft_.instances[i].given;
      std::stable_partition(given.begin(), given.end(), [](const Given& one) { return one.name != "last"; });
      for (const Given& one : given) {
        if (!names_members(one.name) || trim(one.value).empty()) {
          continue;
        }
        std::string label = "[" + draft_.instances[i].instance->id + "] ";
        label += (one.name.empty() ? "members" : one.name) + ": ";
        StackDraft members = bind(pair_of(one), label, Shape::Members);
        InstanceDraft& group = draft_.instances[i];
        group.members.insert(group.members.end(), members.elements.begin(), members.elements.end());
        group.is_broken = group.is_broken || members.is_broken;
        if (one.name == "last" && members.elements.size() > 1) {
          draft_.refuse(one.value_place, label + "more than one sink", "it takes one");
        }
      }
    }
  }

  void refuse_unknown_sections() {
    std::vector<std::string> ids(mentioned_.begin(), mentioned_.end());
    for (const Section& section : draft_.ini.sections) {
      if (section.id.empty() || section.id == "global" || mentioned_.count(section.id) != 0) {
        continue;
      }
      std::string hint = did_you_mean(section.id, ids);
      hint = hint.empty() && !ids.empty() ? "stacks name " + show_names(ids) : hint;
      draft_.refuse(section.place, "[" + section.id + "]: no stack names this section", hint);
    }
  }

 private:
  size_t bind_one(const ElementText& text, Kind kind, const Pair& pair, const Place& place, const std::string& label) {
    if (!text.error.empty()) {
      mentioned_.insert(text.id.empty() ? text.name : text.id);
      draft_.refuse(place, label + text.error, text.hint);
      return no_instance;
    }
    std::string id = text.id;
    std::string name = text.name;
    if (id.empty()) {
      const Pair* plugin = section_plugin(name);
      auto bound = bound_.find(name);
      if (plugin != nullptr || bound != bound_.end()) {
        id = name;
        name = plugin != nullptr ? plugin->value : bound->second;
      }
    }
    const Plugin* plugin = find_plugin(kind, name);
    if (plugin == nullptr) {
      mentioned_.insert(id.empty() ? lower(name) : id);
      refuse_plugin(name, kind, place, label);
      return no_instance;
    }
    if (id.empty()) {
      id = fresh_id(lower(plugin->name));
    }
    mentioned_.insert(id);
    size_t index = instance(id, *plugin, place, label);
    if (index != no_instance) {
      give(draft_.instances[index], text, pair);
    }
    return index;
  }

  // `on_error = letters`: the letters say which element's rows they are.
  void say_why(const StackDraft& stack, const Given& given, const std::string& id) {
    if (equal_in_any_case(trim(given.value), "letters") && !stack.is_broken) {
      std::string reason = "failed in '" + id + "'";
      InstanceDraft& letters = draft_.instances[stack.elements.back().instance];
      if (letters.find("reason") == nullptr) {
        letters.given.push_back({"reason", reason, true, true, given.place, given.value_place, reason});
      }
    }
  }

  const Pair* section_plugin(const std::string& id) const {
    const Section* section = draft_.ini.find(id);
    for (size_t i = 0; section != nullptr && id != "global" && i < section->pairs.size(); i++) {
      if (section->pairs[i].name == "plugin") {
        return &section->pairs[i];
      }
    }
    return nullptr;
  }

  std::string fresh_id(const std::string& name) const {
    std::string id = name;
    for (int n = 2; ids_.count(id) != 0 || bound_.count(id) != 0 || section_plugin(id) != nullptr; n++) {
      id = name + std::to_string(n);
    }
    return id;
  }

  // The instance of that id, made when it is new; no_instance, and a mistake, when the id has another plugin.
  size_t instance(const std::string& id, const Plugin& plugin, const Place& place, const std::string& label) {
    auto known = ids_.find(id);
    if (known != ids_.end()) {
      const Instance& former = *draft_.instances[known->second].instance;
      if (former.plugin == &plugin) {
        return known->second;
      }
      draft_.refuse(place,
                    label + "'" + id + "' is " + show(*former.plugin) + " at " + show_place(former.place) + " and " +
                        show(plugin) + " here",
                    "one id has one plugin");
      return no_instance;
    }
    const Pair* named = section_plugin(id);
    if (named != nullptr && !equal_in_any_case(named->value, plugin.name)) {
      draft_.refuse(place,
                    label + "'" + id + "' is plugin '" + named->value + "' at " + show_place(named->place) + " and " +
                        show(plugin) + " here",
                    "one id has one plugin");
      return no_instance;
    }
    if (draft_.instances.size() >= most_instances) {
      draft_.refuse(place, label + "more than " + std::to_string(most_instances) + " instances");
      return no_instance;
    }
    draft_.instances.push_back(draft_instance(draft_.ini.find(id), id, plugin, place));
    ids_.emplace(id, draft_.instances.size() - 1);
    return draft_.instances.size() - 1;
  }

  static void give(InstanceDraft& draft, const ElementText& text, const Pair& pair) {
    for (const ElementText::Argument& argument : text.arguments) {
      Given given{argument.name, argument.value, argument.is_verbatim, true, {}, {}, argument.text};
      given.place = pair.place_of(argument.offset, argument.length);
      given.value_place = pair.place_of(argument.value_offset, argument.value_length);
      draft.given.push_back(std::move(given));
    }
  }

  void refuse_plugin(const std::string& name, Kind kind, const Place& place, const std::string& label) {
    std::string kinds;
    for (const Plugin* other : find_plugins(name)) {
      kinds += (kinds.empty() ? "" : " or ") + with_article(other->kind);
    }
    if (!kinds.empty()) {
      draft_.refuse(
          place, label + "'" + lower(name) + "' is " + kinds + ", and " + with_article(kind) + " belongs here", shape_);
      return;
    }
    std::string hint = did_you_mean(name, plugin_names(kind));
    draft_.refuse(place, label + "no " + std::string(kind_name(kind)) + " '" + printable(name, 64) + "' in this build",
                  hint.empty() ? "`stook list` shows all plugins" : hint);
  }

  Draft& draft_;
  const char* shape_ = stack_shape;  // of what is being bound
  std::map<std::string, std::string> bound_;
  std::map<std::string, size_t> ids_;
  std::set<std::string> mentioned_;
};
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
      if (pair.name == "on_error" || is_of_group) {
        binder.collect(pair.value);
      }
    }
  }
  for (const Pair& pair : stacks) {
    draft.stacks.push_back(binder.bind(pair, inline_stack.empty() ? "[global] stack: " : "", Shape::Stack));
  }
  binder.bind_on_error();
  binder.bind_members();
  binder.refuse_unknown_sections();
}

}  // namespace stook
