// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook list` and `stook describe PLUGIN`: what this build has.
#include "core/plan/describe.hh"

#include <cstdio>

#include "core/plan/registry.hh"
#include "core/tool/commands.hh"

namespace stook {

int list_command(const std::vector<std::string>& words) {
  if (!words.empty()) {
    std::fputs("usage: stook list\n", stderr);
    return 2;
  }
  std::fputs(list_plugins().c_str(), stdout);
  return 0;
}

int describe_command(const std::vector<std::string>& words) {
  Layout layout = Layout::Text;
  std::string name;
  bool is_right = true;
  for (const std::string& word : words) {
    if (word == "--json") {
      layout = Layout::Json;
    } else if (word == "--markdown") {
      layout = Layout::Markdown;
    } else {
      is_right = is_right && name.empty() && word.rfind("--", 0) != 0;
      name = word;
    }
  }
  if (!is_right || name.empty()) {
    std::fputs("usage: stook describe PLUGIN | source | filter | sink | global [--json | --markdown]\n", stderr);
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
