// SPDX-License-Identifier: Apache-2.0
/// lua: a filter written in Lua 5.4.
///
/// The file is looked for beside the configuration. It has one of two forms.
///
/// The record form is a function that gets each record, changes it as it likes, and may drop it:
///
///     function filter(rec)
///       if rec.status and rec.status < 400 then
///         return false                      -- drops the record
///       end
///       rec.kib = rec.body_bytes_sent // 1024
///       rec.body_bytes_sent = nil           -- removes a key
///     end
///
/// The positional form says what it reads and writes, gets the values as arguments, and costs about half:
///
///     return {
///       reads  = { "status:integer", "?body_bytes_sent:integer" },  -- with '?': may be absent, then nil
///       writes = { "kib:integer" },
///       row = function(status, bytes)
///         if status < 400 then
///           return false
///         end
///         return true, bytes and bytes // 1024                      -- then the writes, in order; nil writes nothing
///       end,
///     }
///
/// Options of a script (its table has `options = { floor = { "integer", 1000, "smallest kept" } }`, and `setup(opt)`
/// gives back the table with `row` or `filter`) are set by `set`.
///
/// Configuration:
///
///     stack=in:FILE,parse:PARSE_ACCESS,label:LUA,out:STDOUT
///     [label]
///     script=label_web.lua
///     set=floor=500
///
/// A script that raises an error, spends its budget or its memory harms one row: the row is put back as it was, counts
/// as failed, and on_error says what becomes of it. The log says where:
///
///     event=script_error instance=label script=label_web.lua line=7 row=17 rows=256 message="attempt to …"
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/lua/driver.hh"
#include "core/lua/limits.hh"
#include "core/lua/manifest.hh"

namespace stook {

namespace {
enum class Remembers : uint8_t { Script, None, Lane, Shared };

struct LuaConfig {
  std::string script;
  Size memory;
  Duration budget;
  Remembers state = Remembers::Script;
  std::vector<std::string> keys;
  std::vector<std::string> set;
  // Filled by declare; shared by the replicas, which only read it.
  std::shared_ptr<const Script> ready;

  LuaLimits limits() const { return {static_cast<size_t>(memory.bytes), budget.ns}; }
};
}  // namespace

template <>
inline constexpr std::string_view choice_names<Remembers>[] = {"script", "none", "lane", "shared"};

namespace {
constexpr Option options[] = {
    option<&LuaConfig::script>("script", required, "file with the script, beside the configuration"),
    option<&LuaConfig::memory>("memory", "32MiB", "most memory of each replica of the script", {256 * 1024, 1e12}),
    option<&LuaConfig::budget>("budget", "200ms", "most CPU time of each call of the script", {1e6, 60e9}),
    option<&LuaConfig::state>("state", "script",
                              "what the script remembers between rows: none (any worker may run it), lane, shared; "
                              "script: what the script says, else lane"),
    option<&LuaConfig::keys>("keys", "", "keys about the record, such as file.path, that the record form shall see"),
    option<&LuaConfig::set>("set", "", "options of the script, as name=value"),
};

void declare(void* config, std::string_view folder, Wiring& wiring) {
  LuaConfig& c = *static_cast<LuaConfig*>(config);
  std::string path = c.script.empty() || c.script[0] == '/' ? c.script : std::string(folder) + "/" + c.script;
  c.ready = std::make_shared<const Script>(path, c.set, c.limits());
  wiring.content = c.ready->text();
  const Manifest& manifest = c.ready->manifest();
  wiring.reads = manifest.reads;
  wiring.writes = manifest.writes;
  wiring.removes = manifest.removes;
  if (manifest.form == Form::Record) {
    wiring.reads_all = true;
    wiring.opens = true;
    for (const std::string& key : c.keys) {
      wiring.reads.push_back({key, Type::Mixed, true});
    }
  }
  wiring.state = c.state != Remembers::Script ? static_cast<State>(static_cast<int>(c.state) - 1)
                                              : manifest.state.value_or(State::Lane);
}

class LuaFilter final : public Filter {
 public:
  LuaFilter(const LuaConfig& config, std::string_view id) : driver_(Driver::make(*config.ready, config.limits(), id)) {}
  void run(Batch& batch) override ROOM(worker) { driver_->run(batch); }

 private:
  std::unique_ptr<Driver> driver_;
};

std::unique_ptr<Filter> make(const Make& make) {
  return std::make_unique<LuaFilter>(*static_cast<const LuaConfig*>(make.config), make.id);
}
}  // namespace

extern const Plugin filter_lua;
const Plugin filter_lua = {
    .kind = Kind::Filter,
    .name = "lua",
    .doc = "Changes, labels and drops rows by a script in Lua",
    .options = options,
    .primary = "script",
    .config = config_type<LuaConfig>,
    .declare = declare,
    .filter = make,
};

}  // namespace stook
