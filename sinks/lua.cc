// SPDX-License-Identifier: Apache-2.0
/// lua: a sink written in Lua 5.4.
///
/// The file is looked for beside the configuration. Its function `deliver` is called on the sink's own thread, where it
/// may block, with the bytes of some rows, as the codec (`format`) made them, and how many rows these are. It answers what
/// became of them:
///
///     local out
///     function deliver(bytes, rows)
///       out = out or io.popen("logger -t stook", "w")
///       if not out:write(bytes) then
///         out = nil
///         return "again", "logger is gone"       -- the same rows are offered later; with a number: after so many seconds
///       end
///       out:flush()
///       return "done"
///     end
///
/// "refused" says that they will never be taken: then smaller parts are offered, down to the single row, which is dropped,
/// or becomes a letter, or goes where on_refused says. "misconfigured" is "again" with a louder log. A script that raises
/// has answered "again". `stop()` is called at the end; options of a script are declared as for filters, and set by `set`.
///
///     stack=in:TAIL,out:LUA
///     [out]
///     script=to_logger.lua
///     format=raw
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/base/status.hh"
#include "core/lua/deliver.hh"
#include "core/lua/limits.hh"
#include "core/lua/manifest.hh"
#include "core/lua/module_folders.hh"

namespace stook {

namespace {
struct LuaSinkConfig {
  std::string script;
  std::vector<std::string> set;
  Size memory;
  Duration budget;
  Size most;
  std::vector<std::string> paths;
  // Filled by declare, and constant then.
  std::shared_ptr<std::string> search;
  std::shared_ptr<const Script> ready;

  LuaLimits limits() const { return {static_cast<size_t>(memory.bytes), budget.ns}; }
};

constexpr Option options[] = {
    option<&LuaSinkConfig::script>("script", required, "file with the script, beside the configuration"),
    option<&LuaSinkConfig::set>("set", "", "options of the script, as name=value"),
    option<&LuaSinkConfig::memory>("memory", "32MiB", "most memory of the script", {256 * 1024, 1e12}),
    option<&LuaSinkConfig::budget>("budget", "2s", "most CPU time of each call; what it waits does not count",
                                   {1e6, 60e9}),
    option<&LuaSinkConfig::most>("most", "1MiB", "most bytes of one call, unless one payload has more", {1, 1e9}),
    option<&LuaSinkConfig::paths>("lua_paths", "",
                                  "folders, or patterns with ?, in which require looks; empty: no require"),
};

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  LuaSinkConfig& config = *static_cast<LuaSinkConfig*>(raw);
  auto place = [&](const std::string& path) {
    return path.empty() || path[0] == '/' ? path : std::string(folder) + "/" + path;
  };
  config.search = std::make_shared<std::string>();
  for (const std::string& path : config.paths) {
    bool is_pattern = path.find('?') != std::string::npos;
    *config.search += (config.search->empty() ? "" : ";") + place(path) + (is_pattern ? "" : "/?.lua");
  }
  config.ready = std::make_shared<const Script>(place(config.script), config.set, config.limits(), std::string(),
                                                CallVariables{}, sink_library(*config.search));
  wiring.content = config.ready->text();
}

/// *Rooms:* its carrier.
class LuaSink final : public Sink {
 public:
  explicit LuaSink(const Make& make) : config_(*static_cast<const LuaSinkConfig*>(make.config)), id_(make.id) {}

  void open() override ROOM(carrier) {
    try {
      delivery_ = std::make_unique<ScriptDelivery>(config_.ready->start(config_.limits(), id_));
    } catch (const std::invalid_argument& error) {
      throw SetupError(error.what());
    }
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    size_t rows = 0;
    for (const Payload* payload : shipment) {
      rows += payload->rows();
    }
    if (rows == 0) {
      return Outcome::Done;
    }
    if (shipment.size() == 1) {
      answer_ = delivery_->deliver(shipment[0]->bytes(), rows);
    } else {
      bytes_.clear();
      for (const Payload* payload : shipment) {
        bytes_.append(payload->bytes());
      }
      answer_ = delivery_->deliver(bytes_, rows);
    }
    return answer_.outcome;
  }

  std::string reason() const override ROOM(carrier) { return answer_.reason; }
  int64_t retry_after() const override ROOM(carrier) { return answer_.retry_after; }
  size_t shipment_bytes() const override ROOM(carrier) { return static_cast<size_t>(config_.most.bytes); }
  void close() override ROOM(carrier) {
    if (delivery_) {
      delivery_->stop();
    }
    delivery_.reset();
  }

 private:
  const LuaSinkConfig& config_;
  std::string id_;
  std::string header_;
  std::unique_ptr<ScriptDelivery> delivery_ OWNED(carrier);
  std::string bytes_ OWNED(carrier);
  ScriptAnswer answer_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<LuaSink>(make);
}

// The script has Lua's io, which opens files and runs programs that nobody can foresee.
void needs_of(const void* raw, Needs& needs) {
  const LuaSinkConfig& config = *static_cast<const LuaSinkConfig*>(raw);
  needs.runs_programs = true;
  needs.trusted.push_back(config.ready->path());
  for (std::string& folder : module_folders(*config.search)) {
    needs.trusted.push_back(std::move(folder));
  }
}

}  // namespace

extern const Plugin sink_lua;
const Plugin sink_lua = {
    .kind = Kind::Sink,
    .name = "lua",
    .doc = "hands rows to a script in Lua, which says what became of them",
    .options = options,
    .primary = "script",
    .config = config_type<LuaSinkConfig>,
    .declare = declare,
    .needs = needs_of,
    .sink = make,
    .format = "json",
};

}  // namespace stook
