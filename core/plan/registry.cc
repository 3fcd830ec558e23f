// SPDX-License-Identifier: Apache-2.0
#include "core/plan/registry.hh"

#include <algorithm>

#include "core/base/text.hh"
#include "core/plan/modules.hh"
#include "core/plan/ulogd.hh"

namespace stook {

namespace {
// Those of the program come first: no module takes their place.
std::vector<const Plugin*> plugins_at_hand() {
  std::vector<const Plugin*> all(all_plugins().begin(), all_plugins().end());
  std::vector<const Plugin*> loaded = loaded_plugins();
  all.insert(all.end(), loaded.begin(), loaded.end());
  return all;
}

std::vector<const Plugin*> at_hand(std::string_view name) {
  std::vector<const Plugin*> found;
  for (const Plugin* plugin : plugins_at_hand()) {
    std::string_view kind = kind_name(plugin->kind);
    bool has_kind = name.size() > kind.size() + 1 && equal_in_any_case(name.substr(0, kind.size()), kind) &&
                    (name[kind.size()] == '.' || name[kind.size()] == ':');
    if (equal_in_any_case(plugin->name, has_kind ? name.substr(kind.size() + 1) : name)) {
      found.push_back(plugin);
    }
  }
  return found;
}

const Plugin* at_hand(Kind kind, std::string_view name) {
  for (const Plugin* plugin : plugins_at_hand()) {
    if (plugin->kind == kind && equal_in_any_case(plugin->name, name)) {
      return plugin;
    }
  }
  return nullptr;
}
}  // namespace

const Plugin* find_plugin(Kind kind, std::string_view name) {
  name = known_name(name);
  const Plugin* found = at_hand(kind, name);
  return found == nullptr && !find_module(name).plugins.empty() ? at_hand(kind, name) : found;
}

std::vector<const Plugin*> find_plugins(std::string_view name) {
  std::vector<const Plugin*> found = at_hand(name);
  bool is_loaded = found.empty() && !find_module(name.substr(name.find_first_of(".:") + 1)).plugins.empty();
  return is_loaded ? at_hand(name) : found;
}

std::vector<const Plugin*> known_plugins() {
  load_all_modules();
  return plugins_at_hand();
}

std::vector<std::string> plugin_names(Kind kind) {
  std::vector<std::string> names;
  for (const Plugin* plugin : known_plugins()) {
    if (plugin->kind == kind) {
      names.emplace_back(plugin->name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> plugin_names() {
  std::vector<std::string> names;
  for (const Plugin* plugin : known_plugins()) {
    names.emplace_back(plugin->name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& known) {
  std::string_view near = nearest_name(wrong, known);
  return near.empty() ? std::string() : "did you mean '" + std::string(near) + "'?";
}

std::string show_names(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); i++) {
    text += i == 0 ? "" : i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

std::string foreign_name(std::string_view path) {
  size_t slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (name.size() > 3 && name.substr(name.size() - 3) == ".so") {
    name.remove_suffix(3);
  }
  for (std::string_view head :
       {"ulogd_inppkt_", "ulogd_inpflow_", "ulogd_filter_", "ulogd_output_", "ulogd_raw2packet_"}) {
    if (name.substr(0, head.size()) == head) {
      name.remove_prefix(head.size());
      break;
    }
  }
  return std::string(name);
}

}  // namespace stook
