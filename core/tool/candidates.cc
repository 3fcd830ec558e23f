// SPDX-License-Identifier: Apache-2.0
#include "core/tool/candidates.hh"

#include <dirent.h>

#include <algorithm>
#include <memory>

#include "core/base/text.hh"
#include "core/plan/ini.hh"
#include "core/plan/registry.hh"
#include "core/plan/scripts.hh"
#include "core/plan/stack.hh"

namespace stook {

namespace {
constexpr Kind kinds[] = {Kind::Source, Kind::Filter, Kind::Sink, Kind::Codec};

void add(std::vector<Candidate>& found, const std::string& word, const std::string& doc) {
  bool is_new = std::none_of(found.begin(), found.end(), [&](const Candidate& one) { return one.word == word; });
  if (is_new && !word.empty()) {
    found.push_back({word, doc});
  }
}

std::vector<Candidate> plugins(const std::string& file) {
  std::vector<Candidate> found;
  for (Kind kind : kinds) {
    for (const std::string& name : plugin_names(kind)) {
      add(found, name, std::string(kind_name(kind)) + ": " + find_plugin(kind, name)->doc);
    }
  }
  for (const std::string& from : {file, std::string()}) {
    try {
      for (const NamedScript& script : list_scripts(from)) {
        add(found, script.name, "script: " + script.doc);
      }
    } catch (const std::exception&) {  // a configuration that is wrong has none of its own
    }
  }
  for (const char* word : {"source", "filter", "sink"}) {
    add(found, word, "the options that every " + std::string(word) + " has");
  }
  add(found, "global", "the options of [global]");
  return found;
}

// Elements of stacks by their position, and what has a section of its own: members of groups and the like.
std::vector<Candidate> instances(const Ini& ini) {
  std::vector<Candidate> found;
  for (const Pair& pair : ini.sections.front().pairs) {
    if (pair.name != "stack") {
      continue;
    }
    std::vector<ElementText> elements = parse_stack(pair.value);
    for (size_t i = 0; i < elements.size(); i++) {
      const ElementText& element = elements[i];
      const char* place = i == 0 ? "source" : i + 1 == elements.size() ? "sink" : "filter";
      bool is_known = element.id.empty() && ini.find(element.name) != nullptr;
      add(found, element.id.empty() ? is_known ? element.name : lower(element.name) : element.id,
          std::string(place) + " " + lower(element.name));
    }
  }
  for (const Section& section : ini.sections) {
    if (section.id != "global") {
      add(found, section.id, "[" + section.id + "]");
    }
  }
  return found;
}

std::string value_of(const Section& section, std::string_view name) {
  for (const Pair& pair : section.pairs) {
    if (pair.name == name) {
      return pair.value;
    }
  }
  return {};
}

std::vector<Candidate> spools(const Ini& ini) {
  std::vector<Candidate> found;
  for (const Section& section : ini.sections) {
    add(found, value_of(section, "spool"), "the spool of " + section.id);
  }
  return found;
}

std::vector<Candidate> letters(const Ini& ini) {
  const Section& global = ini.sections.front();
  std::string folder = value_of(global, "letters");
  std::string state = value_of(global, "state_dir");
  std::vector<Candidate> found;
  add(found, folder.empty() && !state.empty() ? state + "/letters" : folder, "rows that sinks refused");
  return found;
}

std::vector<Candidate> positions(const Ini& ini) {
  std::string folder = value_of(ini.sections.front(), "state_dir");
  std::unique_ptr<DIR, int (*)(DIR*)> open(folder.empty() ? nullptr : ::opendir(folder.c_str()), &::closedir);
  std::vector<Candidate> found;
  for (dirent* entry = open ? ::readdir(open.get()) : nullptr; entry != nullptr; entry = ::readdir(open.get())) {
    std::string_view name = entry->d_name;
    if (name.ends_with(".pos")) {
      add(found, folder + "/" + entry->d_name, "positions of " + std::string(name.substr(0, name.size() - 4)));
    }
  }
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.word < b.word; });
  return found;
}

std::vector<Candidate> words_of(std::initializer_list<const char*> words) {
  std::vector<Candidate> found;
  for (const char* word : words) {
    found.push_back({word, ""});
  }
  return found;
}
}  // namespace

std::vector<Candidate> candidates(std::string_view what, std::string_view command, const std::string& file) {
  std::vector<ConfigError> ignored;
  Ini ini = read_ini(file, ignored);
  if (ini.sections.empty()) {
    ini.sections.push_back({"global", {}, {}});
  }
  if (what == "PLUGIN") {
    return plugins(file);
  }
  if (what == "ELEMENT" || what == "INSTANCE" || what == "ID" || what == "SOURCE" || what == "FILTER" ||
      what == "SINK") {
    return instances(ini);
  }
  if (what == "LEVEL") {
    return words_of({"debug", "info", "notice", "warning", "error", "fatal"});
  }
  std::vector<Candidate> found;
  if (what == "DIR") {
    found = command == "spool" ? spools(ini) : command == "letters" ? letters(ini) : found;
    found.push_back({":folders", ""});
  } else if (what == "FILE" || what == "PATH" || what.ends_with(".lua") || what.ends_with(".stest")) {
    found = command == "state" ? positions(ini) : found;
    found.push_back({":files", ""});
  }
  return found;
}

}  // namespace stook
