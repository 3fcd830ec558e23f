// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Scripts by name: a file NAME.lua in a folder of `[global] scripts`, or among those that come with stook, stands
/// in a stack as the filter or the source NAME. Its own options stand where those of other filters do.
#pragma once

#include <string>
#include <vector>

#include "core/plan/draft.hh"

namespace stook {

/// A script as `stook list` shows it.
struct NamedScript {
  std::string name;
  std::string path;
  /// Its first line, without a full stop.
  std::string doc;
};

/// The scripts of these folders and of the one that comes with stook, by name; of two with one name the first one's.
/// `base`: what relative folders are relative to.
std::vector<NamedScript> list_scripts(const std::vector<std::string>& folders, const std::string& base);
/// The same for a configuration; without a file those that come with stook. Throws ConfigErrors.
std::vector<NamedScript> list_scripts(const std::string& file);
/// The comment at the head of a script's file.
std::string head_of(const NamedScript& script);
/// What the option `script` has to be for the script of that name; empty: there is none.
std::string find_script(const Draft& draft, const std::string& name);
/// Of an instance that was bound by a script's name: options that are not the filter's are the script's.
void give_script_options(Draft& draft, InstanceDraft& one);

}  // namespace stook
