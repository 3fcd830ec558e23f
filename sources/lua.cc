// SPDX-License-Identifier: Apache-2.0
/// lua: a source written in Lua 5.4.
///
/// The file is looked for beside the configuration. Its function `run` is called once, and may wait wherever it likes:
/// what waits lets the others go on.
///
///     function run(token)                       -- what was committed last, or nil
///       local count = token or 0
///       while true do
///         count = count + 1
///         emit{ message = "beat", count = count }
///         commit(count)                         -- all rows before it are delivered: begin here the next time
///         sleep(1)
///       end
///     end
///
/// A file that returns a table says more: which keys are ordinary ones, with their types, and which options it takes.
///
///     return {
///       kind    = "source",
///       options = { period = { "duration", "1s", "time between two beats" } },
///       writes  = { "count:integer" },
///       setup   = function(opt) return { run = function(token) … end } end,
///     }
///
/// Keys that are not declared go together into the object `rest`: sinks write its members out as keys, a filter gets at
/// them after `parse_msgpack(rest)`.
///
///     stack=in:LUA,out:FILE
///     [in]
///     script=beat.lua
///     state_file=beat.pos
///     [out]
///     path=out.log
///
/// A script that raises, or spends its budget without waiting, is named in the log with its line, and begins anew from the
/// last token after 0.2 s, and up to 60 s when it fails again and again. With `isolate=process` it runs in a process of its
/// own, whose death is told in the same way. When `run` has returned and all that it spawned,
/// the source has come to its end.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/lua/agent/library.hh"
#include "core/lua/agent/run.hh"
#include "core/lua/agent/saved_tokens.hh"
#include "core/lua/agent/vocabulary.hh"
#include "core/lua/isolate/isolated_run.hh"
#include "core/lua/limits.hh"
#include "core/lua/manifest.hh"
#include "core/lua/module_folders.hh"
#include "sources/glob.hh"
#include "sources/lua/paths.hh"
#include "sources/restarts.hh"

namespace stook {

namespace {
enum class ScriptRestart : uint8_t { Failure, Always, Never };
enum class ScriptIsolation : uint8_t { No, Process };

struct LuaSourceConfig {
  std::string script;
  std::vector<std::string> set;
  Size memory;
  Duration budget;
  std::string state_file;
  ScriptRestart restart = ScriptRestart::Failure;
  ScriptIsolation isolation = ScriptIsolation::No;
  bool is_debug = false;
  bool is_package = false;
  std::vector<std::string> paths;
  std::string call;
  Duration interval;
  std::string vocabulary;
  std::string section;
  std::string config;
  // Filled by declare, and constant then.
  std::string path;
  std::shared_ptr<SourceWorld> world;
  std::shared_ptr<const Script> ready;
  std::vector<Key> keys;

  LuaLimits limits() const { return {static_cast<size_t>(memory.bytes), budget.ns}; }
};
}  // namespace

template <>
inline constexpr std::string_view choice_names<ScriptRestart>[] = {"failure", "always", "never"};
template <>
inline constexpr std::string_view choice_names<ScriptIsolation>[] = {"no", "process"};

namespace {
constexpr Option options[] = {
    option<&LuaSourceConfig::script>("script", required, "file with the script, beside the configuration"),
    option<&LuaSourceConfig::set>("set", "", "options of the script, as name=value"),
    option<&LuaSourceConfig::memory>("memory", "32MiB", "most memory of the script", {256 * 1024, 1e12}),
    option<&LuaSourceConfig::budget>("budget", "200ms", "most CPU time between two waits of the script", {1e6, 60e9}),
    option<&LuaSourceConfig::state_file>("state_file", "", "where the committed position is kept; empty: it is not"),
    option<&LuaSourceConfig::restart>("restart", "failure",
                                      "when the script begins anew: after a failure, always (also when its run has "
                                      "returned), or never"),
    option<&LuaSourceConfig::isolation>("isolate", "no", "process: the script runs in a process of its own"),
    option<&LuaSourceConfig::is_debug>("lua_debug", "no", "the script has Lua's library debug"),
    option<&LuaSourceConfig::is_package>("lua_package", "no", "the script has require, for modules in Lua"),
    option<&LuaSourceConfig::paths>("lua_paths", "", "folders, or patterns with ?, in which require looks"),
    option<&LuaSourceConfig::call>("call", "", "a function that is called each interval; what it gives back is a row"),
    option<&LuaSourceConfig::interval>("interval", "5s", "with call: how often", {1e6, 86400e9}),
    option<&LuaSourceConfig::vocabulary>("vocabulary", "",
                                         "the words that the script is written in: loglunatic; empty: stook's own"),
    option<&LuaSourceConfig::section>("section", "", "an entry of the scripted agent, such as File:app"),
    option<&LuaSourceConfig::config>("config", "", "with section: its keys, one name=value a line"),
};

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  LuaSourceConfig& config = *static_cast<LuaSourceConfig*>(raw);
  if (!config.state_file.empty()) {
    config.state_file = path_in(folder, config.state_file);
  }
  config.world = std::make_shared<SourceWorld>();
  config.world->has_debug = config.is_debug;
  config.world->has_package = config.is_package;
  config.world->paths = package_path(folder, config.paths);
  config.world->section = config.section;
  config.world->config = config.config;
  config.world->call = config.call;
  config.world->interval = config.interval.ns;
  config.world->vocabulary = config.vocabulary;
  config.world->has_output = config.isolation == ScriptIsolation::No;
  config.world->has_lpeg = config.isolation == ScriptIsolation::Process;
  check_vocabulary(config.vocabulary, config.call.empty() && config.section.empty());
  if (!config.section.empty() && config.section.find(':') == std::string::npos) {
    throw std::invalid_argument("section: '" + config.section + "' is no entry; it would be File:app");
  }
  config.path = path_in(folder, config.script);
  config.ready = std::make_shared<const Script>(config.path, config.set, config.limits(), config.call, CallVariables{},
                                                source_library(*config.world));
  config.keys = source_keys(config.ready->manifest().writes);
  wiring.writes = config.keys;
  wiring.content = config.ready->text();
}

/// Says when the script begins. *Rooms:* its front.
class LuaSource final : public Source, private ScriptOwner {
 public:
  explicit LuaSource(const LuaSourceConfig& config) : config_(config), tokens_(config.state_file) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    tokens_.open(feed);
    begin();
  }
  void pause() override ROOM(front) {
    if (run_) {
      run_->pause();
    }
  }
  void resume() override ROOM(front) {
    if (run_) {
      run_->resume();
    }
  }
  /// A script with a finish, and one in a process of its own, is asked to end, and what it has sent is read.
  bool end() override ROOM(front) {
    is_ending_ = true;
    begin_watch_.stop();
    return run_ && run_->end();
  }
  void stop() override ROOM(front) {
    is_ending_ = is_stopped_ = true;
    begin_watch_.stop();
    if (run_) {
      run_->stop();
    }
  }
  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    tokens_.acknowledged(marks);
    if (run_) {
      run_->acknowledged();
    }
  }
  void close() override ROOM(front) { tokens_.close(); }

 private:
  void script_failed(const std::string& message, int64_t line) override ROOM(front);
  void script_ended() override ROOM(front);
  void script_waits() override ROOM(front) { tokens_.plan(); }
  void begin() ROOM(front);
  void begin_later() ROOM(front);
  std::unique_ptr<ScriptLife> make_life() ROOM(front);

  const LuaSourceConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  SavedTokens tokens_ OWNED(front);
  std::unique_ptr<ScriptLife> run_ OWNED(front);
  Watcher begin_watch_ OWNED(front);
  LogLimit fail_limit_;
  Restarts restarts_ OWNED(front);
  int64_t pause_ OWNED(front) = 0;  // before it begins anew
  bool is_ending_ OWNED(front) = false;
  bool is_stopped_ OWNED(front) = false;
};

/// Throws std::invalid_argument when its set-up fails now.
std::unique_ptr<ScriptLife> LuaSource::make_life() {
  ScriptOwner& owner = *this;
  Tokens& tokens = tokens_.tokens();
  if (config_.isolation == ScriptIsolation::Process) {
    ScriptBrief brief{std::string(feed_->id()), config_.path,   config_.ready->text(), config_.set,
                      config_.limits(),         *config_.world, tokens.newest(),       least_level()};
    return std::make_unique<IsolatedRun>(*feed_, std::move(brief), config_.keys, tokens, owner);
  }
  auto text = std::make_unique<WrittenRows>(*feed_, config_.keys, tokens);
  return std::make_unique<SourceRun>(*feed_, config_.ready->start(config_.limits(), feed_->id()), config_.keys, tokens,
                                     owner, std::move(text));
}

void LuaSource::begin() {
  begin_watch_.stop();
  restarts_.begin(feed_->loop().now());
  try {
    run_ = make_life();
  } catch (const std::invalid_argument& error) {
    script_failed(error.what(), 0);
    return;
  }
  run_->start();
}

/// The former run is kept until then, as one of its callbacks may be what calls.
void LuaSource::begin_later() {
  pause_ = restarts_.pause(feed_->loop().now());
  begin_watch_.on_time<&LuaSource::begin>(feed_->loop(), this, pause_);
}

void LuaSource::script_failed(const std::string& message, int64_t line) {
  bool goes_on = config_.restart != ScriptRestart::Never && !is_ending_;
  if (goes_on) {
    begin_later();
  }
  if (auto pass = fail_limit_.pass()) {
    log_event(Level::Error, "source_failed",
              Fields()("instance", feed_->id())("script", config_.ready->name())("line", line)("message", message)(
                  "again_in", goes_on ? show_duration(pause_) : "never")("suppressed", pass.suppressed));
  }
  if (!goes_on && !is_stopped_) {
    feed_->finish();
  }
}

void LuaSource::script_ended() {
  bool goes_on = config_.restart == ScriptRestart::Always && !is_ending_;
  if (goes_on) {
    begin_later();
  }
  Level level = goes_on ? Level::Warning : Level::Info;
  if (auto pass = fail_limit_.pass()) {
    log_event(level, "source_returned",
              Fields()("instance", feed_->id())("script", config_.ready->name())(
                  "again_in", goes_on ? show_duration(pause_) : "never")("suppressed", pass.suppressed));
  }
  if (!goes_on && !is_stopped_) {
    feed_->finish();
  }
}

// The script has Lua's io, which opens files and runs programs that nobody can foresee.
void needs_of(const void* raw, Needs& needs) {
  const LuaSourceConfig& config = *static_cast<const LuaSourceConfig*>(raw);
  needs.runs_programs = true;
  needs.trusted.push_back(config.path);
  for (std::string& folder : module_folders(config.world->paths)) {
    needs.trusted.push_back(std::move(folder));
  }
  if (!config.state_file.empty()) {
    needs.state.push_back(config.state_file);
  }
}

}  // namespace

extern const Plugin source_lua;
const Plugin source_lua = {
    .kind = Kind::Source,
    .name = "lua",
    .doc = "Makes rows by a script in Lua, on a thread of its own",
    .options = options,
    .primary = "script",
    .config = config_type<LuaSourceConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<LuaSource, LuaSourceConfig>,
};

}  // namespace stook
