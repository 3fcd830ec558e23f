// SPDX-License-Identifier: Apache-2.0
/// lua: a filter written in Lua 5.4.
///
/// The file is looked for beside the configuration. It has one of four forms.
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
/// The batch form is called once for all rows of a bundle, with columns instead of arguments:
///
///     batch = function(b)
///       local bytes = b:column(1)            -- the first read, one value for each of b.n rows; b:column(1, t) fills t
///       for i = 1, b.n do kib[i] = bytes[i] // 1024 keep[i] = bytes[i] > 0 end
///       b:put(1, kib)                        -- the first write
///       b:keep(keep)                         -- drops the rest; b:row(i) is a row as a record
///     end
///
/// The form of fluent-bit's scripts is called by name (`call=cb`), and answers -1, 0, 1 or 2:
///
///     function cb(tag, timestamp, record)    -- or (tag, timestamp, group, metadata, record)
///       record.kib = record.body_bytes_sent // 1024
///       return 2, timestamp, record          -- a list of records splits the row
///     end
///
/// In all forms `emit(t)` makes a row, which stands behind the one at hand; `hold()` keeps the row at hand for later and
/// gives a handle to it, `emit(handle)` lets it go on and `drop(handle)` ends it. `tick(now, emit, is_last)` beside the
/// function is called each `every = "10s"`, `stop()` at the end.
///
/// Options of a script (its table has `options = { floor = { "integer", 1000, "smallest kept" } }`, and `setup(opt)`
/// gives back the table with `row`, `filter` or `batch`) are set by `set`.
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
///
/// A script that fails for 100 rows in a row, or is ended beyond its budget three times within a minute, is hopeless, and
/// is not called any more until a reload (event `suspended`). The rows wait at their source, and `stook health` says so;
/// where other stacks share the source these go on, and the rows of the script's own stack fail.
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/lua/call_form.hh"
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
  Duration tick;
  std::string call;
  std::string tag;
  std::string time_key;
  bool time_as_table = false;
  bool enable_flb_null = false;
  std::vector<std::string> type_int_key;
  std::vector<std::string> type_array_key;
  bool protected_mode = true;
  std::vector<std::string> env;
  // Filled by declare; shared by the replicas, which only read it.
  std::shared_ptr<const Script> ready;
  CallWays ways;
  bool retries = false;

  LuaLimits limits() const { return {static_cast<size_t>(memory.bytes), budget.ns}; }
};
}  // namespace

template <>
inline constexpr std::string_view choice_names<Remembers>[] = {"script", "none", "lane", "shared"};

namespace {
constexpr int64_t usual_tick = 10'000'000'000;

constexpr Option options[] = {
    option<&LuaConfig::script>("script", required, "file with the script, beside the configuration"),
    option<&LuaConfig::memory>("memory", "32MiB", "most memory of each replica of the script", {256 * 1024, 1e12}),
    option<&LuaConfig::budget>("budget", "200ms", "most CPU time of each call of the script", {1e6, 60e9}),
    option<&LuaConfig::state>("state", "script",
                              "what the script remembers between rows: none (any worker may run it), lane, shared; "
                              "script: what the script says, else lane"),
    option<&LuaConfig::keys>("keys", "", "keys about the record, such as file.path, that the script shall see"),
    option<&LuaConfig::set>("set", "", "options of the script, as name=value"),
    option<&LuaConfig::tick>("tick", "0s", "period of the script's tick; 0: what the script says, else 10s",
                             {0, 86400e9}),
    option<&LuaConfig::call>("call", "", "the function of a script written for fluent-bit"),
    option<&LuaConfig::tag>("tag", "${tag:-stook}", "with call: the tag that the function gets, a pattern"),
    option<&LuaConfig::time_key>("time_key", "time", "with call: the key that is the record's time"),
    option<&LuaConfig::time_as_table>("time_as_table", "no",
                                      "with call: the time is a table with sec and nsec, not a float"),
    option<&LuaConfig::enable_flb_null>("enable_flb_null", "no",
                                        "with call: null is seen as flb_null; else it is not seen, and stays"),
    option<&LuaConfig::type_int_key>("type_int_key", "", "with call: keys whose numbers become integers"),
    option<&LuaConfig::type_array_key>("type_array_key", "", "with call: keys whose empty tables are arrays"),
    option<&LuaConfig::protected_mode>("protected_mode", "yes", "with call: for fluent-bit's sake; it is always on"),
    option<&LuaConfig::env>("env", "", "with call: variables of the environment that are in FLB_ENV and os.getenv"),
};

CallVariables variables_of(const LuaConfig& c) {
  CallVariables variables;
  for (const std::string& name : c.env) {
    const char* value = std::getenv(name.c_str());
    if (value != nullptr) {
      variables.emplace_back(name, value);
    }
  }
  return variables;
}

void declare_call(LuaConfig& c, Wiring& wiring) {
  c.ways.time_as_table = c.time_as_table;
  c.ways.shows_null = c.enable_flb_null;
  c.ways.integers = c.type_int_key;
  c.ways.arrays = c.type_array_key;
  c.ways.time_key = c.time_key;
  c.ways.tag = Pattern(c.tag);
  c.ways.tag_at = wiring.reads.size();
  for (const std::string& key : c.ways.tag.keys()) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
}

// What the script says about rows of its own and its tick.
void declare_more(const LuaConfig& c, const Manifest& manifest, Wiring& wiring) {
  bool remembers = manifest.has_tick || manifest.holds;
  if (remembers && wiring.state == State::None) {
    throw std::invalid_argument(c.ready->name() + " has " + (manifest.has_tick ? "a tick" : "hold") +
                                ", so it remembers rows; its state would be lane or shared, not none");
  }
  wiring.appends = manifest.emits || manifest.has_tick;
  wiring.overflows = wiring.appends;
  wiring.holds = manifest.holds;
  if (remembers) {
    int64_t period = c.tick.ns > 0 ? c.tick.ns : manifest.every;
    wiring.tick = period > 0 ? period : usual_tick;
  }
}

void declare(void* config, std::string_view folder, Wiring& wiring) {
  LuaConfig& c = *static_cast<LuaConfig*>(config);
  std::string path = c.script.empty() || c.script[0] == '/' ? c.script : std::string(folder) + "/" + c.script;
  c.ready = std::make_shared<const Script>(path, c.set, c.limits(), c.call, variables_of(c));
  wiring.content = c.ready->text();
  const Manifest& manifest = c.ready->manifest();
  wiring.reads = manifest.reads;
  wiring.writes = manifest.writes;
  wiring.removes = manifest.removes;
  bool sees_all = manifest.form == Form::Record || manifest.form == Form::Call ||
                  (manifest.form == Form::Batch && manifest.reads.empty());
  if (sees_all) {
    wiring.reads_all = true;
    for (const std::string& key : c.keys) {
      wiring.reads.push_back({key, Type::Mixed, true});
    }
  }
  wiring.state = c.state != Remembers::Script ? static_cast<State>(static_cast<int>(c.state) - 1)
                                              : manifest.state.value_or(State::Lane);
  if (manifest.form == Form::Call) {
    declare_call(c, wiring);
  }
  declare_more(c, manifest, wiring);
  wiring.opens = sees_all || manifest.emits || manifest.has_tick;
  c.retries = wiring.state == State::None;
}

/// *Rooms:* one replica, its worker.
class LuaFilter final : public Filter {
 public:
  LuaFilter(const LuaConfig& config, std::string_view id)
      : driver_(Driver::make(*config.ready, config.limits(), id, config.ways, config.retries)) {}
  ~LuaFilter() override { driver_->stop(); }
  LuaFilter(const LuaFilter&) = delete;
  LuaFilter& operator=(const LuaFilter&) = delete;
  void run(Batch& batch) override ROOM(worker) { driver_->run(batch); }
  std::string_view gave_up() const override ROOM(worker) { return driver_->gave_up(); }
  void tick(Batch& batch, int64_t, bool is_last) override ROOM(worker) { driver_->tick(batch, is_last); }
  size_t waiting() const override ROOM(worker) { return driver_->waiting(); }
  void more(Batch& batch) override ROOM(worker) { driver_->more(batch); }

 private:
  std::unique_ptr<Driver> driver_;
};

std::unique_ptr<Filter> make(const Make& make) {
  return std::make_unique<LuaFilter>(*static_cast<const LuaConfig*>(make.config), make.id);
}

void needs_of(const void* config, Needs& needs) {
  needs.trusted.push_back(static_cast<const LuaConfig*>(config)->ready->path());
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
    .needs = needs_of,
    .filter = make,
};

}  // namespace stook
