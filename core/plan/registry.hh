// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Finding plugins by name, in any case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"

namespace stook {

/// The plugin of that kind and name, or null. Its module is loaded when the program itself has none of that name.
const Plugin* find_plugin(Kind kind, std::string_view name);
/// All plugins of that name: `FILE` is a source and a sink. `sink.file` and `sink:file` name one of them.
std::vector<const Plugin*> find_plugins(std::string_view name);
/// All plugins, those of all modules as well, which are loaded.
std::vector<const Plugin*> known_plugins();
/// The names of all plugins of a kind, sorted.
std::vector<std::string> plugin_names(Kind kind);
/// The names of all plugins, sorted, each once.
std::vector<std::string> plugin_names();

/// `did you mean 'x'?`, or empty when nothing known is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& known);
/// The names in a row, as in `a, b and c`.
std::string show_names(const std::vector<std::string>& names);

/// The plugin's name within the path of an ulogd plugin: `/usr/lib/ulogd/ulogd_inppkt_NFLOG.so` gives `NFLOG`.
std::string foreign_name(std::string_view path);

}  // namespace stook
