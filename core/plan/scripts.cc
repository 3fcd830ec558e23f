// SPDX-License-Identifier: Apache-2.0
#include "core/plan/scripts.hh"

#include <dirent.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/base/text.hh"
#include "core/plan/options.hh"
#include "core/plan/settings.hh"

namespace stook {

namespace {
constexpr const char* shipped = STOOK_SHARE "/scripts";
constexpr std::string_view ending = ".lua";

std::string place_of(const std::string& folder, const std::string& base) {
  return folder[0] == '/' ? folder : base + "/" + folder;
}

bool is_file(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

// What the comment in the first line says.
std::string first_line(const std::string& path) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  char line[400];
  if (file == nullptr || std::fgets(line, sizeof line, file.get()) == nullptr) {
    return {};
  }
  std::string_view text(line);
  text = trim(text.substr(0, text.find_last_not_of("\r\n") + 1));
  text = text.rfind("--", 0) == 0 ? trim(text.substr(2)) : std::string_view();
  return printable(text.substr(0, text.size() - (!text.empty() && text.back() == '.' ? 1 : 0)), 300);
}

void list_folder(const std::string& folder, std::map<std::string, NamedScript>& found) {
  std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (open == nullptr) {
    return;
  }
  while (const dirent* entry = ::readdir(open.get())) {
    std::string name = entry->d_name;
    bool is_script = name.size() > ending.size() && name[0] != '.' && name.ends_with(ending);
    std::string path = folder + "/" + name;
    if (!is_script || !is_file(path)) {
      continue;
    }
    name.resize(name.size() - ending.size());
    found.emplace(name, NamedScript{name, path, first_line(path)});
  }
}

// `name=value` as one element of a list; there is nothing that a text with both kinds of quotes could stand in.
std::string quoted(const Given& given) {
  const char* quote = given.value.find('\'') == std::string::npos ? "'" : "\"";
  return quote + given.name + "=" + given.value + quote;
}

bool has_option(const Plugin& plugin, std::string_view name) {
  for (std::span<const Option> rows : {plugin.options, common_options(plugin.kind)}) {
    for (const Option& row : rows) {
      if (name == row.name) {
        return true;
      }
    }
  }
  return false;
}
}  // namespace

std::vector<NamedScript> list_scripts(const std::vector<std::string>& folders, const std::string& base) {
  std::map<std::string, NamedScript> found;
  for (const std::string& folder : folders) {
    list_folder(place_of(folder, base), found);
  }
  list_folder(shipped, found);
  std::vector<NamedScript> scripts;
  for (auto& [name, script] : found) {
    scripts.push_back(std::move(script));
  }
  return scripts;
}

std::vector<NamedScript> list_scripts(const std::string& file) {
  if (file.empty()) {
    return list_scripts({}, ".");
  }
  Draft draft;
  draft.ini = read_ini(file, draft.errors);
  read_settings(draft);
  if (!draft.errors.empty()) {
    throw ConfigErrors(std::move(draft.errors));
  }
  size_t slash = file.rfind('/');
  return list_scripts(draft.scripts, slash == std::string::npos ? "." : file.substr(0, slash + 1));
}

std::string head_of(const NamedScript& script) {
  std::ifstream in(script.path);
  std::string text;
  for (std::string line; std::getline(in, line) && line.rfind("--", 0) == 0;) {
    if (line.find("SPDX") == std::string::npos) {
      text += line.substr(line.rfind("-- ", 0) == 0 ? 3 : 2) + "\n";
    }
  }
  return text;
}

std::string find_script(const Draft& draft, const std::string& name) {
  std::vector<std::string> folders = draft.scripts;
  folders.emplace_back(shipped);
  for (const std::string& folder : folders) {
    for (const std::string& file : {folder + "/" + name + ".lua", folder + "/" + lower(name) + ".lua"}) {
      if (is_file(place_of(file, draft.folder))) {
        return file;
      }
    }
  }
  return {};
}

void give_script_options(Draft& draft, InstanceDraft& one) {
  if (one.script.empty()) {
    return;
  }
  std::set<std::string> names;
  auto refuse = [&](const Given& given, const std::string& what, const std::string& hint) {
    draft.refuse(given.place, "[" + one.instance->id + "] " + what, hint);
    one.is_broken = true;
  };
  for (Given& given : one.given) {
    if (given.name.empty()) {
      refuse(given, "'" + printable(given.value, 64) + "' has no name", "options of a script are written name = value");
      given.name = "set";
    } else if (!has_option(*one.instance->plugin, given.name)) {
      bool has_both = given.value.find('\'') != std::string::npos && given.value.find('"') != std::string::npos;
      if (has_both || !names.insert(given.name).second) {
        refuse(given, given.name + (has_both ? ": both kinds of quotes in it" : ": given twice"), {});
      }
      given.value = quoted(given);
      given.name = "set";
      given.is_inline = false;
    }
  }
}

}  // namespace stook
