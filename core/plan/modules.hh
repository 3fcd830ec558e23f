// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Modules: files with plugins that are not in the program itself.
///
/// `NAME.so` has the plugins of that name. It lies beside the program, where that was built and not installed, else in the folder
/// `stook` of the system's libraries; or `plugin = /path/NAME.so` in [global] names it. A module stays loaded while the process
/// lives. *Rooms:* main.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"

namespace stook {

/// A module's plugins; none, and one sentence, when it cannot serve. Neither: there is no such file.
struct ModuleFile {
  std::span<const Plugin* const> plugins;
  std::string trouble;
};

/// The module with the plugins of that name, in any case.
ModuleFile find_module(std::string_view name);
/// The module in that file, which has to be root's or one's own, and nobody else's to write.
ModuleFile load_module(const std::string& path);
/// Plugins of the modules that are loaded, those named by path among them.
std::vector<const Plugin*> loaded_plugins();
/// Loads all modules in the folders where they lie; those that cannot serve are passed over.
void load_all_modules();

}  // namespace stook
