// SPDX-License-Identifier: Apache-2.0
#include "core/plan/agent_entry.hh"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/text.hh"
#include "core/plan/agent_match.hh"

namespace stook {

namespace {
using Kind = AgentKey::Kind;

constexpr AgentKey file_keys[] = {{"journal_directory"},
                                  {"log_directory", Kind::Text, nullptr},
                                  {"file_match", Kind::Text, nullptr},
                                  {"rescan_interval", Kind::Number, "0", 0, 86400},
                                  {"priority"},
                                  {"tags"}};
constexpr AgentKey exec_keys[] = {
    {"refresh_interval", Kind::Number, "0", 0, 86400}, {"watch", Kind::Text, "stdout"}, {"shell"}, {"call"}, {"tags"}};
constexpr AgentKey stat_keys[] = {{"refresh_interval", Kind::Number, "0", 0, 86400},
                                  {"format", Kind::Text, "key=value"},
                                  {"shell"},
                                  {"call"},
                                  {"hostname"},
                                  {"tags"}};

constexpr AgentFamily families[] = {{"FILE", "file_", "File:", file_keys},
                                    {"EXEC", "exec_", "Exec:", exec_keys},
                                    {"STAT", "stat_", "Stat:", stat_keys}};

std::string own_hostname() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

std::string show_seconds(double seconds) {
  return std::to_string(static_cast<int64_t>(std::llround(seconds * 1000))) + "ms";
}

/// Writes the sections and the stack that one entry stands for.
class EntryUnfolding {
 public:
  EntryUnfolding(Draft& draft, const AgentValues& general) : draft_(draft), general_(general) {}

  void unfold(const AgentFamily& family, const Section& section, const std::string& name, const Pair& head) {
    bool has_engine = general_.is_given("lua_engine");
    AgentValues values(draft_, &section, family.keys, has_engine);
    if (!values.is_right() || !general_.is_right()) {
      return;
    }
    entry_ = {lower(family.head) + "." + name, section.place, {}};
    std::string stack = entry_.id;
    if (&family.keys.front() == file_keys) {
      stack += file(values, has_engine);
    } else {
      stack += command(values, family.keys.data() == stat_keys);
    }
    draft_.ini.sections.push_back(entry_);
    if (&family.keys.front() == stat_keys && !values.is_given("call")) {
      stack += parser(values);
    }
    stack += mark(values, section.id);
    stack += ", " + sink();
    Pair pair;
    pair.name = "stack";
    pair.value = stack;
    pair.is_verbatim = true;
    pair.place = head.place;
    pair.value_place = head.value_place;
    draft_.ini.sections.front().pairs.push_back(std::move(pair));
  }

 private:
  void put(const char* name, const std::string& value, const Pair* from = nullptr) {
    Pair pair;
    pair.name = name;
    pair.value = value;
    pair.is_verbatim = true;
    pair.place = from == nullptr ? entry_.place : from->place;
    pair.value_place = from == nullptr ? entry_.place : from->value_place;
    entry_.pairs.push_back(std::move(pair));
  }

  double interval(const AgentValues& values, const char* name) const {
    double own = values.number(name);
    return own > 0 ? own : general_.number("refresh_interval");
  }

  std::string file(const AgentValues& values, bool has_engine) {
    if (has_engine) {
      return script(values);
    }
    std::string glob;
    std::string why;
    const Pair* match = values.find("file_match");
    if (!glob_of_match(values.text("file_match"), glob, why)) {
      draft_.refuse_both(match->value_place, "[" + entry_.id + "] file_match: ", why);
    }
    put("path", values.text("log_directory") + "/" + glob, values.find("log_directory"));
    put("start_at", "beginning");
    put("follow", "newest");
    const std::string& rule = values.text("priority");
    put("priority", rule.empty() ? "first_name" : rule, values.find("priority"));
    put("rescan", show_seconds(interval(values, "rescan_interval")));
    put("watch", equal_in_any_case(general_.text("watch_mode"), "timer") ? "timer" : "events");
    put("io_limit", std::to_string(static_cast<int64_t>(general_.number("io_limit") * 1e6)));
    if (values.is_given("journal_directory")) {
      put("state_file", values.text("journal_directory") + "/" + entry_.id + ".pos", values.find("journal_directory"));
    }
    return ":TAIL";
  }

  std::string command(const AgentValues& values, bool is_stat) {
    if (values.is_given("shell") == values.is_given("call")) {
      draft_.refuse(
          entry_.place,
          "[" + entry_.id + "] " + (values.is_given("call") ? "both shell and call" : "neither shell nor call"),
          "one of them says what is run");
    }
    if (values.is_given("call")) {
      if (!general_.is_given("lua_engine")) {
        draft_.refuse(values.find("call")->place, "[" + entry_.id + "] call: there is no script",
                      "lua_engine in [LS] names the script that has the function");
      }
      put("call", values.text("call"), values.find("call"));
      put("interval", show_seconds(interval(values, "refresh_interval")), values.find("refresh_interval"));
      return script(values);
    }
    put("command", values.text("shell"), values.find("shell"));
    put("shell", "yes");
    put("mode", "interval");
    put("interval", show_seconds(interval(values, "refresh_interval")), values.find("refresh_interval"));
    if (!is_stat) {
      put("watch", values.text("watch"), values.find("watch"));
    }
    return ":EXEC";
  }

  // The entry as the script of lua_engine has it.
  std::string script(const AgentValues& values) {
    put("script", general_.text("lua_engine"), general_.find("lua_engine"));
    put("section", entry_section_of(entry_.id));
    std::string config;
    for (const Pair& pair : values.pairs()) {
      config += (config.empty() ? "" : "\n") + lower(pair.name) + "=" + pair.value;
    }
    put("config", config);
    put("lua_debug", general_.truth("lua_debug") ? "yes" : "no");
    put("lua_package", general_.truth("lua_package") ? "yes" : "no");
    put("memory", general_.text("mem_size") + "MiB");
    if (general_.is_given("lua_paths")) {
      std::string paths = general_.text("lua_paths");
      std::replace(paths.begin(), paths.end(), ';', ',');
      put("lua_paths", paths, general_.find("lua_paths"));
    }
    if (const Pair* journal = values.find("journal_directory")) {
      put("state_file", journal->value + "/" + entry_.id + ".pos", journal);
    }
    return ":LUA";
  }

  static std::string entry_section_of(const std::string& id) {
    for (const AgentFamily& family : families) {
      std::string head = lower(family.head) + ".";
      if (id.rfind(head, 0) == 0) {
        return family.entry + id.substr(head.size());
      }
    }
    return id;
  }

  std::string parser(const AgentValues& values) {
    const std::string& format = values.text("format");
    std::string id = entry_.id + ".values";
    if (equal_in_any_case(format, "key=value")) {
      entry_ = {id, entry_.place, {}};
      put("types", "auto");
      draft_.ini.sections.push_back(entry_);
      return ", " + id + ":PARSE_KV";
    }
    if (!equal_in_any_case(format, "json")) {
      draft_.refuse(values.find("format")->value_place,
                    "[" + entry_.id + "] format: no format '" + printable(format, 64) + "'",
                    "it takes key=value or json");
    }
    return ", " + id + ":PARSE_JSON";
  }

  std::string mark(const AgentValues& values, const std::string& key) {
    std::string id = entry_.id.substr(0, entry_.id.find(".values")) + ".mark";
    const Pair* own = values.find("hostname");
    std::string host = own != nullptr                  ? own->value
                       : general_.is_given("hostname") ? general_.text("hostname")
                                                       : own_hostname();
    entry_ = {id, entry_.place, {}};
    std::string set = "hostname='" + host + "', stream_key='" + key + "'";
    if (values.is_given("tags")) {
      set += ", tags='" + values.text("tags") + "'";
    }
    put("set", set);
    draft_.ini.sections.push_back(entry_);
    return ", " + id + ":SET";
  }

  std::string sink() {
    if (general_.is_given("output")) {
      return general_.text("output");
    }
    if (!general_.is_given("server_ip")) {
      return "agent.out:STDOUT";
    }
    if (draft_.ini.find("agent.out") == nullptr) {
      entry_ = {"agent.out", general_.find("server_ip")->place, {}};
      put("to", general_.text("server_ip") + ":" + general_.text("server_port"), general_.find("server_ip"));
      put("format", "json");
      draft_.ini.sections.push_back(entry_);
    }
    return "agent.out:TCP";
  }

  Draft& draft_;
  const AgentValues& general_;
  Section entry_;  // the one that is being written
};
}  // namespace

std::span<const AgentFamily> agent_families() {
  return families;
}

void unfold_entry(Draft& draft, const AgentValues& general, const AgentFamily& family, const Section& section,
                  const std::string& name, const Pair& head) {
  EntryUnfolding(draft, general).unfold(family, section, name, head);
}

}  // namespace stook
