// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script file declares, and a script made ready: read once, started per replica.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/lua/call_world.hh"

struct lua_State;

namespace stook {

class LuaState;
struct LuaLimits;

/// How a script is called. Record: `function filter(rec)`. Positional: `row = function(a, b)` with reads and writes.
/// Batch: `batch = function(b)`. Call: `function NAME(tag, ts, record)`, as fluent-bit does. The script of a source:
/// `function run(token)`. That of a sink: `function deliver(bytes, rows)`, and of a codec: `function encode(rec)`;
/// both may be in one file.
enum class Form : uint8_t { Record, Positional, Batch, Call, Source, Sink, Codec };

/// What the script of a source, a sink or a codec finds beside stook's own: `open` is called protected, with `argument`, before
/// the script runs.
struct ScriptLibrary {
  int (*open)(lua_State*) = nullptr;
  void* argument = nullptr;
  Form form = Form::Source;
  /// Whether it has to have the function that the form is about.
  bool needs_main = true;
};

/// One option that a script declares: `floor = { "integer", 1000, "smallest flow kept, in bytes" }`.
struct ScriptOption {
  enum class Kind : uint8_t { Integer, Real, Boolean, Text, Size, Duration };
  std::string name;
  Kind kind = Kind::Text;
  std::string doc;
  /// Whether there is a value: the default, or what the configuration gave.
  bool is_given = false;
  int64_t integer = 0;  // sizes in bytes, durations in ns, booleans 0 and 1
  double real = 0;
  std::string text;
};

/// A script's table, or what stands for it in a file that has none.
struct Manifest {
  Form form = Form::Record;
  /// The file returns a table; else it just defines filter(rec).
  bool is_table = false;
  bool has_setup = false;
  std::string doc;
  std::vector<ScriptOption> options;
  std::vector<Read> reads;
  std::vector<Key> writes;
  std::vector<std::string> removes;
  std::optional<State> state;
  /// Period of its tick in ns as the script says it, 0: it says none.
  int64_t every = 0;
  bool has_tick = false;
  /// It may make rows of its own, and keep rows for later: it names what does.
  bool emits = false;
  bool holds = false;
  /// Call: how many parameters the function has.
  int parameters = 0;
};

/// A script that was read, run once and found right. Constant afterwards.
class Script {
 public:
  /// Reads the file, runs it and its set-up in a state that is thrown away. `settings`: `name=value` for its options.
  /// `call`: the function that is called in fluent-bit's way, or empty; `variables`: what it may see of the environment.
  /// `library`: makes it the script of a source, a sink or a codec; then `call` is a function that it has to have, too.
  /// `text`: what the file held when it was read; null: it is read now.
  /// Throws std::invalid_argument with one sentence: `label.lua:3: unexpected symbol near '='`.
  Script(const std::string& path, const std::vector<std::string>& settings, const LuaLimits& limits,
         const std::string& call = {}, CallVariables variables = {}, ScriptLibrary library = {},
         const std::string* text = nullptr);

  /// A state in which the script is set up; its function is in the registry under `function_key`.
  /// Throws std::invalid_argument.
  std::unique_ptr<LuaState> start(const LuaLimits& limits, std::string_view instance) const;
  static constexpr const char* function_key = "stook.function";
  static constexpr const char* tick_key = "stook.tick";
  static constexpr const char* stop_key = "stook.stop";
  static constexpr const char* finish_key = "stook.finish";

  const std::string& name() const { return name_; }
  /// The file, as it was named.
  const std::string& path() const { return path_; }
  /// What the file holds.
  const std::string& text() const { return text_; }
  const Manifest& manifest() const { return manifest_; }

 private:
  void give(std::string_view setting);
  void run(LuaState& state) const;

  std::string path_;
  std::string name_;
  std::string folder_;
  std::string text_;
  std::string call_;
  CallVariables variables_;
  ScriptLibrary library_;
  Manifest manifest_;
};

/// Reads what the script in this state gave back into the manifest. Throws std::invalid_argument.
void read_manifest(LuaState& state, Manifest& manifest);

/// The text of a script's file. Throws std::invalid_argument; `name` is what it is called then.
std::string read_script(const std::string& path, const std::string& name);
/// Puts the values of text options where the names of keys say `${option}`. Throws std::invalid_argument.
void name_keys(const std::string& script, Manifest& manifest);

/// Reads a text as the option's value; false: why not.
[[nodiscard]] bool read_option(ScriptOption& option, std::string_view text, std::string& why);

}  // namespace stook
