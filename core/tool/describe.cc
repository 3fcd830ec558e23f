// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook list` and `stook describe PLUGIN`: what this build has, and the scripts that stand in stacks by name.
#include "core/plan/describe.hh"

#include <algorithm>
#include <cstdio>

#include "core/plan/registry.hh"
#include "core/plan/scripts.hh"
#include "core/tool/commands.hh"

namespace stook {

namespace {
// The scripts of a configuration, or those that come with stook; nothing, after a message, when it is wrong.
std::vector<NamedScript> scripts_of(const std::string& file, bool& is_right) {
  try {
    return list_scripts(file);
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    is_right = false;
    return {};
  }
}

// The page of a script; false: there is none of that name.
bool describe_script(const std::string& name, const std::string& file) {
  bool is_right = true;
  for (const NamedScript& script : scripts_of(file, is_right)) {
    if (script.name == name) {
      std::fputs(("script " + name + ", " + script.path + "\n\n" + head_of(script)).c_str(), stdout);
      return true;
    }
  }
  return false;
}
}  // namespace

int list_command(const std::vector<std::string>& words) {
  bool has_file = words.size() == 2 && words[0] == "-c";
  if (!words.empty() && !has_file) {
    std::fputs("usage: stook list [-c FILE]\n", stderr);
    return 2;
  }
  bool is_right = true;
  std::vector<NamedScript> scripts = scripts_of(has_file ? words[1] : "", is_right);
  if (!is_right) {
    return 2;
  }
  std::fputs(list_plugins().c_str(), stdout);
  size_t width = 0;
  for (const NamedScript& script : scripts) {
    width = std::max(width, script.name.size());
  }
  for (const NamedScript& script : scripts) {
    std::printf("%s  %-*s  %s\n", &script == scripts.data() ? "\nscripts:\n" : "", static_cast<int>(width),
                script.name.c_str(), script.doc.c_str());
  }
  return 0;
}

int describe_command(const std::vector<std::string>& words) {
  Layout layout = Layout::Text;
  std::string name;
  std::string file;
  bool is_right = true;
  for (size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    if (word == "--json") {
      layout = Layout::Json;
    } else if (word == "-c" && i + 1 < words.size()) {
      file = words[++i];
    } else if (word == "--markdown") {
      layout = Layout::Markdown;
    } else {
      is_right = is_right && name.empty() && word.rfind("--", 0) != 0;
      name = word;
    }
  }
  if (!is_right || name.empty()) {
    std::fputs(
        "usage: stook describe PLUGIN | SCRIPT [-c FILE] | source | filter | sink | global [--json | --markdown]\n",
        stderr);
    return 2;
  }
  if (name == "global") {
    std::fputs((describe_global(layout) + (layout == Layout::Json ? "\n" : "")).c_str(), stdout);
    return 0;
  }
  for (Kind kind : {Kind::Source, Kind::Filter, Kind::Sink}) {
    if (name == kind_name(kind)) {
      std::fputs((describe_kind(kind, layout) + (layout == Layout::Json ? "\n" : "")).c_str(), stdout);
      return 0;
    }
  }
  std::vector<const Plugin*> found = find_plugins(name);
  if (found.empty() && describe_script(name, file)) {
    return 0;
  }
  if (found.empty()) {
    std::string hint = did_you_mean(name, plugin_names());
    std::fprintf(stderr, "stook describe: no plugin '%s' in this build; %s\n", name.c_str(),
                 hint.empty() ? "`stook list` shows all plugins" : hint.c_str());
    return 2;
  }
  std::string out = layout == Layout::Json ? "[" : "";
  for (size_t i = 0; i < found.size(); i++) {
    out += (i == 0 ? "" : layout == Layout::Json ? ",\n" : "\n") + describe(*found[i], layout);
  }
  out += layout == Layout::Json ? "]\n" : "";
  std::fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace stook
