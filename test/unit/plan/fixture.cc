// SPDX-License-Identifier: Apache-2.0
/// A build of its own for the tests of planning: plugins that do nothing and declare everything.
#include "test/unit/plan/fixture.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "core/api/plugin.hh"

namespace stook {
namespace {
enum class Colour : uint8_t { Red, Green };
}  // namespace
template <>
inline constexpr std::string_view choice_names<Colour>[] = {"red", "green"};

namespace {
struct Config {
  std::string path;
  std::string script;
  std::vector<std::string> keys;
  std::string key;
  uint64_t limit = 0;
  Size rotate;
  Duration linger;
  Colour colour = Colour::Red;
  std::string password;
};
Config& config_of(void* config) {
  return *static_cast<Config*>(config);
}

constexpr Option source_file_options[] = {
    option<&Config::path>("path", required, "file to read"),
    option<&Config::limit>("limit", "0", "rows to read, 0 for all", {0, 1000}),
};
constexpr Option keep_options[] = {option<&Config::script>("if", required, "comparison that stays")};
constexpr Option parse_options[] = {option<&Config::key>("key", "message", "key that is read")};
constexpr Option remove_options[] = {option<&Config::keys>("keys", "", "keys that go")};
constexpr Option sink_file_options[] = {
    option<&Config::path>("path", "out", "file to write, with keys in it"),
    option<&Config::rotate>("rotate", "64MiB", "start a new file past this size", {1024, 1e15}),
    option<&Config::linger>("linger", "5ms", "time to wait for more"),
    option<&Config::colour>("colour", "red", "colour of the lines"),
    option<&Config::password>("password", "", "secret of the file"),
};
constexpr Option group_options[] = {
    option<&Config::keys>("members", required, "sinks"),
    option<&Config::path>("last", "", "a sink for the time when all members fail"),
    option<&Config::key>("start_by", "", "key whose value decides which member is the first"),
};
constexpr Option msgpack_options[] = {
    option<&Config::keys>("keys", "", "these keys"),
    option<&Config::script>("also", "", "keys beside all"),
};
constexpr Option csv_options[] = {
    option<&Config::keys>("columns", "", "keys of the columns"),
    option<&Config::colour>("colour", "red", "colour of the lines"),
};

void declare_lines(void*, std::string_view, Wiring& wiring) {
  wiring.writes = {{"message", Type::Text, "", "one line"},
                   {"size", Type::Integer, "B", "bytes of the line"},
                   {"file.path", Type::Text, "", "where the line comes from", true}};
}
// keep(status >= 500) reads the first word.
void declare_keep(void* config, std::string_view, Wiring& wiring) {
  const std::string& text = config_of(config).script;
  size_t end = text.find(' ');
  if (end == std::string::npos) {
    throw std::invalid_argument("if: no comparison; it takes one such as status >= 500");
  }
  wiring.reads = {{text.substr(0, end), Type::Mixed}};
}
void declare_parse(void* config, std::string_view, Wiring& wiring) {
  wiring.reads = {{config_of(config).key, Type::Text}};
  wiring.writes = {
      {"status", Type::Integer, "", "answer"}, {"path", Type::Text, "", ""}, {"parse_error", Type::Text, "", ""}};
}
void declare_parse_text(void* config, std::string_view, Wiring& wiring) {
  wiring.reads = {{config_of(config).key, Type::Text}};
  wiring.writes = {{"status", Type::Text, "", ""}};
}
void declare_open(void* config, std::string_view, Wiring& wiring) {
  wiring.reads = {{config_of(config).key, Type::Text}};
  wiring.opens = true;
}
// The names of keys have no question mark.
void declare_remove(void* config, std::string_view, Wiring& wiring) {
  for (const std::string& key : config_of(config).keys) {
    if (key.find('?') != std::string::npos) {
      throw std::invalid_argument("keys has '" + key + "'; it takes names");
    }
  }
  wiring.removes = config_of(config).keys;
}
void declare_rename(void* config, std::string_view, Wiring& wiring) {
  const std::vector<std::string>& keys = config_of(config).keys;
  for (size_t i = 0; i + 1 < keys.size(); i += 2) {
    wiring.renames.push_back({keys[i], keys[i + 1]});
  }
}
void declare_shared(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"message", Type::Text}, {"level", Type::Text, true}};
  wiring.state = State::Shared;
  wiring.appends = true;
  wiring.tick = 1'000'000'000;
}
void declare_lane(void*, std::string_view, Wiring& wiring) {
  wiring.state = State::Lane;
}
void declare_file(void* config, std::string_view, Wiring& wiring) {
  if (config_of(config).path.find('$') != std::string::npos) {
    wiring.address = config_of(config).path;
  }
}
void declare_msgpack(void* config, std::string_view, Wiring& wiring) {
  wiring.reads_all = config_of(config).keys.empty();
}
void declare_group(void* config, std::string_view, Wiring& wiring) {
  if (!config_of(config).key.empty()) {
    wiring.address = "${" + config_of(config).key + "}";
  }
}
void declare_json(void*, std::string_view, Wiring& wiring) {
  wiring.reads_all = true;
}
void declare_raw(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"message", Type::Text}};
}
void declare_csv(void* config, std::string_view, Wiring& wiring) {
  for (const std::string& key : config_of(config).keys) {
    wiring.reads.push_back({key, Type::Mixed});
  }
}

Plugin make(Kind kind, const char* name, std::span<const Option> options,
            void (*declare)(void*, std::string_view, Wiring&), const char* primary = nullptr,
            const char* format = nullptr) {
  Plugin plugin{kind, name, "does nothing", options, primary, config_type<Config>, declare};
  plugin.format = format;
  return plugin;
}
Plugin make_group(const char* name) {
  Plugin plugin = make(Kind::Sink, name, group_options, declare_group, "members");
  plugin.is_group = true;
  return plugin;
}
const Plugin plugins[] = {
    make(Kind::Source, "stdin", {}, declare_lines),
    make(Kind::Source, "file", source_file_options, declare_lines, "path"),
    make(Kind::Filter, "keep", keep_options, declare_keep, "if"),
    make(Kind::Filter, "parse", parse_options, declare_parse, "key"),
    make(Kind::Filter, "parse_text", parse_options, declare_parse_text),
    make(Kind::Filter, "open", parse_options, declare_open),
    make(Kind::Filter, "remove", remove_options, declare_remove, "keys"),
    make(Kind::Filter, "rename", remove_options, declare_rename, "keys"),
    make(Kind::Filter, "sum", {}, declare_shared),
    make(Kind::Filter, "dedupe", {}, declare_lane),
    make(Kind::Codec, "json", {}, declare_json),
    make(Kind::Codec, "raw", {}, declare_raw),
    make(Kind::Codec, "msgpack", msgpack_options, declare_msgpack),
    make(Kind::Codec, "csv", csv_options, declare_csv),
    make(Kind::Sink, "stdout", {}, nullptr, nullptr, "json"),
    make(Kind::Sink, "file", sink_file_options, declare_file, "path", "json"),
    make_group("failover"),
};
}  // namespace

std::span<const Plugin* const> all_plugins() {
  static const std::vector<const Plugin*> table = [] {
    std::vector<const Plugin*> all;
    for (const Plugin& plugin : plugins) {
      all.push_back(&plugin);
    }
    return all;
  }();
  return table;
}
}  // namespace stook

namespace stook::test {

Files::Files() {
  char name[] = "/tmp/stook-plan-XXXXXX";
  if (::mkdtemp(name) == nullptr || ::chdir(name) != 0) {
    throw std::runtime_error("no folder for the test");
  }
  folder_ = name;
}

Files::~Files() {
  [[maybe_unused]] int answer = ::chdir("/");
  for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) {
    std::remove((folder_ + "/" + *path).c_str());
  }
  ::rmdir(folder_.c_str());
}

void Files::write(const std::string& path, const std::string& text) {
  size_t slash = path.rfind('/');
  if (slash != std::string::npos && ::mkdir(path.substr(0, slash).c_str(), 0700) == 0) {
    paths_.push_back(path.substr(0, slash));
  }
  std::ofstream(path) << text;
  paths_.push_back(path);
}

std::string errors_of(const PlanRequest& request) {
  try {
    make_plan(request);
  } catch (const ConfigErrors& errors) {
    return show_errors(errors);
  }
  return "no errors";
}

std::string errors_of_text(const std::string& text) {
  Files files;
  files.write("x.conf", text);
  return errors_of({"x.conf", {}});
}

std::unique_ptr<Plan> plan_of_text(const std::string& text) {
  Files files;
  files.write("x.conf", text);
  return make_plan({"x.conf", {}});
}

}  // namespace stook::test
