// SPDX-License-Identifier: Apache-2.0
#include "core/plan/settings.hh"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "core/base/text.hh"
#include "core/net/bound.hh"
#include "core/plan/modules.hh"
#include "core/plan/options.hh"
#include "core/plan/registry.hh"
#include "core/plan/ulogd.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<SandboxMode>[] = {"yes", "no", "log"};
template <>
inline constexpr std::string_view choice_names<LogForm>[] = {"logfmt", "json"};

namespace {
struct Global {
  std::string logfile;
  std::string loglevel;
  LogForm log_format = LogForm::Logfmt;
  std::vector<std::string> plugin;
  std::vector<std::string> stack;
  std::string include;
  std::vector<std::string> scripts;
  uint64_t threads = 0;
  uint64_t keyspool = 0;
  uint64_t rows = 0;
  uint64_t open_keys = 0;
  uint64_t slots = 0;
  std::string pidfile;
  std::string user;
  std::string group;
  SandboxMode sandbox = SandboxMode::Yes;
  std::vector<std::string> read_paths;
  std::vector<std::string> write_paths;
  std::string state_dir;
  std::string letters;
  Size letters_size;
  Duration stop_timeout;
  Duration stall_after;
  std::string control;
  std::string metrics;
  std::string control_http;
  Size memory_max;
};

constexpr Option rows[] = {
    option<&Global::stack>("stack", "", "a source, filters and a sink, separated by commas; may be given many times"),
    option<&Global::include>("include", "", "files to read here, as a pattern of the shell; may be given many times"),
    option<&Global::scripts>("scripts", "",
                             "folders whose scripts NAME.lua stand in stacks by their names, before those of stook"),
    option<&Global::plugin>(
        "plugin", "",
        "a plugin that must be there, by name or ulogd's path, or /path/NAME.so of a module; may be given many times"),
    option<&Global::logfile>("logfile", "stderr", "where the log goes: a path, stderr, stdout, syslog or journald"),
    option<&Global::loglevel>("loglevel", "notice",
                              "least level of the log: debug 1, info 3, notice 5, warning, error 7, fatal 8"),
    option<&Global::log_format>("log_format", "logfmt",
                                "how a line of the log is written: name=value, or a JSON object"),
    option<&Global::threads>("threads", "0", "workers; 0 is one for each processor", {0, 256}),
    option<&Global::keyspool>("keyspool", "16", "bundles of each source", {2, 65536}),
    option<&Global::rows>("rows", "256", "rows of a bundle", {1, 256}),
    option<&Global::open_keys>("open_keys", "256", "keys of a route that only the data names", {0, 16384}),
    option<&Global::slots>("slots", "8", "payloads between a worker and a sink", {1, 1024}),
    option<&Global::pidfile>("pidfile", "", "file for the daemon's process id"),
    option<&Global::user>("user", "", "user that the daemon becomes once it listens; with `-u`"),
    option<&Global::group>("group", "", "and its group, in place of that user's own ones"),
    option<&Global::sandbox>("sandbox", "yes",
                             "system calls and files that the daemon needs not are out of its reach; log: the kernel's "
                             "log tells what would be"),
    option<&Global::read_paths>("read_paths", "", "files and folders that the sandbox leaves open for reading"),
    option<&Global::write_paths>("write_paths", "", "files and folders that it leaves open for writing, too"),
    option<&Global::state_dir>("state_dir", "", "folder in which sources keep their positions"),
    option<&Global::letters>("letters", "", "folder for rows that a sink will never take; empty: letters in state_dir"),
    option<&Global::letters_size>("letters_size", "256MiB", "most bytes of one sink's letters", {4096, 1e15}),
    option<&Global::stop_timeout>("stop_timeout", "10s", "how long to wait for sinks at the end"),
    option<&Global::stall_after>(
        "stall_after", "60s", "a source that has rows out and none acknowledged for so long is unhealthy; 0 is never"),
    option<&Global::control>("control", "", "the socket at which `stook health` asks; /run/stook/control by custom"),
    option<&Global::metrics>(
        "metrics", "",
        "where metrics and health are served over HTTP: 127.0.0.1:9598, a port of this machine alone "
        "(9598), or unix:/path"),
    option<&Global::control_http>(
        "control_http", "",
        "where the live page is served over HTTP: 127.0.0.1:9599, a port of this machine (9599), "
        "or unix:/path"),
    option<&Global::memory_max>("memory_max", "0", "most memory that bundles and payloads may take; 0 is no limit")};

// ulogd names its plugins by path; here they must only be in the build. What ulogd has and stook has not is a mistake where
// a stack names it: ulogd's own sample loads more than it uses. Any other path is that of a module.
void check_plugin(Draft& draft, const Pair& pair) {
  std::string path(trim(pair.value));
  std::string name = foreign_name(path);
  if (!find_plugins(name).empty() || is_ulogd_plugin(name)) {
    return;
  }
  bool is_path = path.starts_with('/');
  ModuleFile module = is_path ? load_module(path) : ModuleFile{};
  if (!module.trouble.empty()) {
    draft.refuse(pair.value_place, "[global] plugin: " + module.trouble, "");
  } else if (module.plugins.empty()) {
    std::string hint = did_you_mean(lower(name), plugin_names());
    draft.refuse(pair.value_place, "[global] plugin: no plugin '" + printable(name, 64) + "' in this build",
                 hint.empty() && is_path ? "no file of a module has that path" : hint);
  }
}

// A port alone is one of this machine; a path may have `unix:` before it.
std::optional<Endpoint> read_pages_address(std::string_view text) {
  text = trim(text);
  if (text.empty()) {
    return std::nullopt;
  }
  bool is_port = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (is_port) {
    return parse_listening("127.0.0.1:" + std::string(text), AddressForm::Network);
  }
  return parse_listening(text.substr(text.starts_with("unix:") ? 5 : 0), AddressForm::Any);
}

// Rows can be looked at there, and nobody is asked who he is.
std::optional<Endpoint> read_live_address(std::string_view text) {
  std::optional<Endpoint> address = read_pages_address(text);
  if (address && !address->is_local()) {
    throw std::invalid_argument("other machines could reach it; it would be 127.0.0.1:PORT, [::1]:PORT or unix:/path");
  }
  return address;
}
}  // namespace

std::span<const Option> global_options() {
  return rows;
}

bool find_level(std::string_view text, Level& level) {
  struct Name {
    std::string_view name;
    Level level;
  };
  constexpr Name names[] = {{"debug", Level::Debug}, {"info", Level::Info},   {"notice", Level::Notice},
                            {"error", Level::Error}, {"fatal", Level::Fatal}, {"warning", Level::Warning},
                            {"1", Level::Debug},     {"3", Level::Info},      {"5", Level::Notice},
                            {"7", Level::Error},     {"8", Level::Fatal}};
  for (const Name& name : names) {
    if (equal_in_any_case(name.name, trim(text))) {
      level = name.level;
      return true;
    }
  }
  return false;
}

void read_settings(Draft& draft) {
  Global global;
  std::vector<Given> given;
  Place level;
  Place metrics;
  Place live;
  for (const Pair& pair : draft.ini.sections.front().pairs) {
    if (pair.name == "plugin") {
      check_plugin(draft, pair);
    }
    if (pair.name != "stack" && pair.name != "plugin") {
      given.push_back({pair.name, pair.value, pair.is_verbatim, false, pair.place, pair.value_place, {}});
    }
    level = pair.name == "loglevel" ? pair.value_place : level;
    metrics = pair.name == "metrics" ? pair.value_place : metrics;
    live = pair.name == "control_http" ? pair.value_place : live;
  }
  OptionTable table{rows, &global};
  fill_options(draft, given, {&table, 1}, "[global] ", "[global]", {});
  Settings& settings = draft.settings;
  if (!global.loglevel.empty() && !find_level(global.loglevel, settings.loglevel)) {
    draft.refuse(level, "[global] loglevel: no such level", "it takes debug, info, notice, warning, error or fatal");
  }
  try {
    settings.metrics = read_pages_address(global.metrics);
  } catch (const std::invalid_argument& error) {
    draft.refuse(metrics, std::string("[global] metrics: ") + error.what(), "");
  }
  try {
    settings.live = read_live_address(global.control_http);
  } catch (const std::invalid_argument& error) {
    draft.refuse(live, std::string("[global] control_http: ") + error.what());
  }
  draft.scripts = global.scripts;
  settings.logfile = global.logfile;
  settings.log_format = global.log_format;
  settings.threads = global.threads;
  settings.keyspool = global.keyspool;
  settings.rows = global.rows;
  settings.open_keys = global.open_keys;
  settings.slots = global.slots;
  settings.pidfile = global.pidfile;
  settings.user = global.user;
  settings.group = global.group;
  settings.sandbox = global.sandbox;
  settings.read_paths = global.read_paths;
  settings.write_paths = global.write_paths;
  settings.state_dir = global.state_dir;
  settings.letters = !global.letters.empty()    ? global.letters
                     : global.state_dir.empty() ? ""
                                                : global.state_dir + "/letters";
  settings.letters_size = global.letters_size.bytes;
  settings.stop_timeout = global.stop_timeout;
  settings.stall_after = global.stall_after;
  settings.control = global.control;
  settings.memory_max = global.memory_max;
}

std::vector<Pair> stack_pairs(const Draft& draft, const std::string& inline_stack) {
  std::vector<Pair> stacks;
  if (!inline_stack.empty()) {
    Pair pair;
    pair.name = "stack";
    pair.value = inline_stack;
    pair.place = {"", 1, 1, static_cast<int>(inline_stack.size()), inline_stack};
    pair.value_place = pair.place;
    pair.runs.push_back({0, pair.place});
    stacks.push_back(std::move(pair));
    return stacks;
  }
  for (const Pair& pair : draft.ini.sections.front().pairs) {
    if (pair.name == "stack") {
      stacks.push_back(pair);
    }
  }
  return stacks;
}

}  // namespace stook
