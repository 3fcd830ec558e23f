// SPDX-License-Identifier: Apache-2.0
#include "core/plan/binder.hh"

#include "core/base/text.hh"
#include "core/plan/modules.hh"
#include "core/plan/registry.hh"
#include "core/plan/scripts.hh"
#include "core/plan/stack.hh"
#include "core/plan/ulogd.hh"

namespace stook {

namespace {
constexpr const char* stack_shape = "a stack is a source, then filters, then a sink";
constexpr const char* group_shape = "a group is made of sinks";
constexpr size_t most_instances = 4096;

std::string with_article(Kind kind) {
  return "a " + std::string(kind_name(kind));
}
std::string show(const Plugin& plugin, const std::string& script) {
  return script.empty() ? std::string(kind_name(plugin.kind)) + " '" + plugin.name + "'" : "script '" + script + "'";
}
// The name of a script's file without its ending.
std::string name_of(const std::string& script) {
  size_t begin = script.rfind('/') + 1;
  return script.substr(begin, script.size() - begin - 4);
}
}  // namespace

bool names_members(std::string_view option) {
  return option.empty() || option == "members" || option == "last";
}

Binder::Binder(Draft& draft) : draft_(draft), shape_(stack_shape) {}

void Binder::collect(std::string_view text) {
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

StackDraft Binder::bind(const Pair& pair, const std::string& label, Shape shape) {
  StackDraft stack;
  stack.place = pair.value_place;
  bool has_source = shape == Shape::Stack;
  shape_ = shape == Shape::Members ? group_shape : stack_shape;
  std::vector<ElementText> texts = parse_stack(pair.value);
  is_ulogd_ = is_ulogd_ || (has_source && !texts.empty() && is_ulogd_source(texts.front().name));
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

bool Binder::is_group(const std::string& name) const {
  auto bound = bound_.find(name);
  const Pair* named = section_plugin(name);
  const Plugin* plugin = find_plugin(Kind::Sink, named != nullptr        ? named->value
                                                 : bound != bound_.end() ? bound->second
                                                                         : name);
  return plugin != nullptr && plugin->is_group;
}

void Binder::refuse_unknown_sections() {
  if (is_ulogd_) {  // whose sample has a section for each stack that may be switched on
    return;
  }
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

size_t Binder::add(const std::string& id, const Plugin& plugin, const Place& place, const std::string& label) {
  if (ids_.count(id) != 0 || draft_.ini.find(id) != nullptr) {
    draft_.refuse(place, label + "'" + id + "' is another element's id, and this one's rows come from there",
                  "another id is needed there");
    return no_instance;
  }
  return instance(id, plugin, place, label);
}

size_t Binder::bind_one(const ElementText& text, Kind kind, const Pair& pair, const Place& place,
                        const std::string& label) {
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
  const Plugin* form = plugin == nullptr
                           ? nullptr
                           : ulogd_form(*plugin, id.empty() ? nullptr : draft_.ini.find(id), !text.arguments.empty());
  plugin = form == nullptr ? plugin : form;
  std::string script = plugin == nullptr && kind != Kind::Sink ? find_script(draft_, name) : "";
  if (!script.empty()) {
    plugin = find_plugin(kind, "lua");
  }
  if (plugin == nullptr) {
    mentioned_.insert(id.empty() ? lower(name) : id);
    refuse_plugin(name, kind, place, label);
    return no_instance;
  }
  if (id.empty()) {
    id = fresh_id(script.empty() ? lower(plugin->name) : name_of(script));
  }
  mentioned_.insert(id);
  size_t index = instance(id, *plugin, place, label, script);
  if (index != no_instance) {
    give(draft_.instances[index], text, pair);
  }
  return index;
}

const Pair* Binder::section_plugin(const std::string& id) const {
  const Section* section = draft_.ini.find(id);
  for (size_t i = 0; section != nullptr && id != "global" && i < section->pairs.size(); i++) {
    if (section->pairs[i].name == "plugin") {
      return &section->pairs[i];
    }
  }
  return nullptr;
}

std::string Binder::fresh_id(const std::string& name) const {
  std::string id = name;
  for (int n = 2; ids_.count(id) != 0 || bound_.count(id) != 0 || section_plugin(id) != nullptr; n++) {
    id = name + std::to_string(n);
  }
  return id;
}

// The instance of that id, made when it is new; no_instance, and a mistake, when the id has another plugin or script. In
// ulogd each stack has elements of its own, so that one id may be two plugins in two stacks: the second one is ID.PLUGIN.
size_t Binder::instance(const std::string& named_id, const Plugin& plugin, const Place& place, const std::string& label,
                        const std::string& script) {
  auto known = ids_.find(named_id);
  bool is_other = known != ids_.end() && draft_.instances[known->second].instance->plugin != &plugin;
  std::string id = is_ulogd_ && is_other ? named_id + "." + plugin.name : named_id;
  known = ids_.find(id);
  if (known != ids_.end()) {
    const InstanceDraft& former = draft_.instances[known->second];
    if (former.instance->plugin == &plugin && former.script == script) {
      return known->second;
    }
    draft_.refuse(place,
                  label + "'" + id + "' is " + show(*former.instance->plugin, former.script) + " at " +
                      show_place(former.instance->place) + " and " + show(plugin, script) + " here",
                  "one id has one plugin");
    return no_instance;
  }
  const Pair* named = section_plugin(id);
  if (named != nullptr && !equal_in_any_case(named->value, script.empty() ? plugin.name : name_of(script))) {
    draft_.refuse(place,
                  label + "'" + id + "' is plugin '" + named->value + "' at " + show_place(named->place) + " and " +
                      show(plugin, script) + " here",
                  "one id has one plugin");
    return no_instance;
  }
  if (draft_.instances.size() >= most_instances) {
    draft_.refuse(place, label + "more than " + std::to_string(most_instances) + " instances");
    return no_instance;
  }
  draft_.instances.push_back(draft_instance(draft_.ini.find(named_id), id, plugin, place));
  InstanceDraft& fresh = draft_.instances.back();
  fresh.script = script;
  if (!script.empty()) {
    fresh.given.push_back({"script", script, true, false, place, place, {}, {}});
  }
  ids_.emplace(id, draft_.instances.size() - 1);
  return draft_.instances.size() - 1;
}

void Binder::give(InstanceDraft& draft, const ElementText& text, const Pair& pair) {
  for (const ElementText::Argument& argument : text.arguments) {
    Given given{argument.name, argument.value, argument.is_verbatim, true, {}, {}, argument.text};
    given.place = pair.place_of(argument.offset, argument.length);
    given.value_place = pair.place_of(argument.value_offset, argument.value_length);
    draft.given.push_back(std::move(given));
  }
}

void Binder::refuse_plugin(const std::string& name, Kind kind, const Place& place, const std::string& label) {
  std::string kinds;
  for (const Plugin* other : find_plugins(name)) {
    kinds += (kinds.empty() ? "" : " or ") + with_article(other->kind);
  }
  if (!kinds.empty()) {
    draft_.refuse(place, label + "'" + lower(name) + "' is " + kinds + ", and " + with_article(kind) + " belongs here",
                  shape_);
    return;
  }
  if (std::string trouble = find_module(known_name(name)).trouble; !trouble.empty()) {
    draft_.refuse(place, label + trouble, "");
    return;
  }
  std::vector<std::string> names = plugin_names(kind);
  if (kind != Kind::Sink) {
    for (const NamedScript& script : list_scripts(draft_.scripts, draft_.folder)) {
      names.push_back(script.name);
    }
  }
  std::string hint = did_you_mean(name, names);
  hint = is_ulogd_plugin(name) ? std::string(instead_of(name)) : hint;
  draft_.refuse(place, label + "no " + std::string(kind_name(kind)) + " '" + printable(name, 64) + "' in this build",
                hint.empty() ? "`stook list` shows all plugins" : hint);
}

}  // namespace stook
