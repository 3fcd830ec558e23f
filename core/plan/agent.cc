// SPDX-License-Identifier: Apache-2.0
#include "core/plan/agent.hh"

#include <algorithm>
#include <cstring>

#include "core/base/text.hh"
#include "core/plan/agent_entry.hh"
#include "core/plan/agent_keys.hh"
#include "core/plan/registry.hh"

namespace stook {

namespace {
using Kind = AgentKey::Kind;

constexpr AgentKey general_keys[] = {
    {"hostname"},
    {"lua_debug", Kind::Truth, "OFF"},
    {"lua_package", Kind::Truth, "OFF"},
    {"lua_paths"},
    {"lua_engine"},
    {"output"},
    {"access_key"},
    {"host_key"},
    {"refresh_interval", Kind::Number, "5", 0.01, 86400},
    {"io_limit", Kind::Number, "20", 0.001, 1e6},
    {"cpu_limit", Kind::Number, "10", 0.001, 100},
    {"mem_size", Kind::Number, "4", 1, 64},
    {"watch_mode", Kind::Text, "event"},
    {"server_ip"},
    {"server_port", Kind::Number, "12800", 1, 65535},
};
bool begins_with(std::string_view text, std::string_view head) {
  return text.size() >= head.size() && equal_in_any_case(text.substr(0, head.size()), head);
}

// A section of this name is the agent's when all of its keys are; so an element may be called FILE.
bool is_head(const Section& section, const AgentFamily& family) {
  return section.id == family.head && !section.pairs.empty() &&
         std::all_of(section.pairs.begin(), section.pairs.end(),
                     [&](const Pair& pair) { return begins_with(pair.name, family.prefix); });
}

bool is_entry(const Section& section) {
  return section.id.find(':') != std::string::npos;
}

bool is_agents(const Section& section) {
  return section.id == "LS" || is_entry(section) ||
         std::any_of(agent_families().begin(), agent_families().end(),
                     [&](const AgentFamily& family) { return is_head(section, family); });
}

/// Writes the sections and stacks that the agent's stand for.
class Unfolding {
 public:
  explicit Unfolding(Draft& draft)
      : draft_(draft),
        sections_(std::exchange(draft.ini.sections, {})),
        general_(draft, find("LS"), general_keys, false) {}

  void unfold() {
    for (Section& section : sections_) {
      if (!is_agents(section)) {
        draft_.ini.sections.push_back(section);
      }
    }
    check_general();
    for (const AgentFamily& family : agent_families()) {
      for (const Section& section : sections_) {
        if (is_head(section, family)) {
          unfold(family, section);
        }
      }
    }
    for (const Section& section : sections_) {
      if (is_entry(section) && std::find(named_.begin(), named_.end(), &section) == named_.end()) {
        draft_.refuse(section.place, "[" + section.id + "]: no entry names this section",
                      "an entry is written file_NAME = True in [FILE], and so for EXEC and STAT");
      }
    }
  }

 private:
  const Section* find(std::string_view id) const {
    for (const Section& section : sections_) {
      if (id == "LS" ? section.id == id : equal_in_any_case(section.id, id)) {
        return &section;
      }
    }
    return nullptr;
  }

  void check_general() {
    const std::string& mode = general_.text("watch_mode");
    if (!equal_in_any_case(mode, "event") && !equal_in_any_case(mode, "timer")) {
      draft_.refuse(general_.find("watch_mode")->value_place, "[LS] watch_mode: no mode '" + mode + "'",
                    "it takes event or timer");
    }
  }

  void unfold(const AgentFamily& family, const Section& head) {
    check_indent(draft_, head);
    for (const Pair& pair : head.pairs) {
      std::string name = pair.name.substr(std::strlen(family.prefix));
      std::string label = "[" + head.id + "] " + pair.name;
      bool is_on = false;
      if (trim(pair.value).empty()) {
        draft_.refuse(pair.place, label + " must have a value");
        continue;
      }
      if (!read_truth(pair.value, is_on)) {
        draft_.refuse(pair.value_place, label + ": '" + printable(pair.value, 64) + "' is neither True nor False");
        continue;
      }
      const Section* section = find(family.entry + name);
      if (section != nullptr) {
        named_.push_back(section);
      }
      if (is_on && section == nullptr) {
        draft_.refuse(pair.place, label + ": there is no section [" + family.entry + name + "]",
                      "it says what the entry is");
      } else if (is_on) {
        unfold_entry(draft_, general_, family, *section, lower(name), pair);
      }
    }
  }

  Draft& draft_;
  std::vector<Section> sections_;
  AgentValues general_;
  std::vector<const Section*> named_;
};
}  // namespace

void unfold_agent(Draft& draft) {
  if (std::any_of(draft.ini.sections.begin(), draft.ini.sections.end(), is_agents)) {
    Unfolding(draft).unfold();
  }
}

}  // namespace stook
