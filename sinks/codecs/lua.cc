// SPDX-License-Identifier: Apache-2.0
/// lua: rows as a script writes them.
///
/// The script's function `encode` gets each record and gives back its bytes, its newline included. It runs on workers;
/// what it writes into the record is seen by nobody else. Any sink may have it:
///
///     stack=in:TAIL,parse:PARSE_JSON,out:FILE
///     [out]
///     path=out.log
///     format=lua
///     script=line.lua
///
///     -- line.lua
///     function encode(rec)
///       return ("%s %s\n"):format(rec.level or "-", rec.msg)
///     end
///
/// A row whose call raises, or gives back no text, is counted as dropped for `encode`, and the log says why. A script may
/// have `encode` and the `deliver` of the sink `lua`.
#include <memory>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/lua/deliver.hh"
#include "core/lua/encode.hh"
#include "core/lua/limits.hh"
#include "core/lua/manifest.hh"

namespace stook {

namespace {
struct LuaCodecConfig {
  std::string script;
  std::vector<std::string> set;
  Size memory;
  Duration budget;
  // Filled by declare, and constant then.
  std::shared_ptr<const Script> ready;

  LuaLimits limits() const { return {static_cast<size_t>(memory.bytes), budget.ns}; }
};

constexpr Option options[] = {
    option<&LuaCodecConfig::script>("script", required, "file with the script, beside the configuration"),
    option<&LuaCodecConfig::set>("set", "", "options of the script, as name=value"),
    option<&LuaCodecConfig::memory>("memory", "32MiB", "most memory of each replica of the script", {256 * 1024, 1e12}),
    option<&LuaCodecConfig::budget>("budget", "200ms", "most CPU time of each call of the script", {1e6, 60e9}),
};

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  LuaCodecConfig& config = *static_cast<LuaCodecConfig*>(raw);
  std::string path =
      config.script.empty() || config.script[0] == '/' ? config.script : std::string(folder) + "/" + config.script;
  config.ready = std::make_shared<const Script>(path, config.set, config.limits(), std::string(), CallVariables{},
                                                codec_library());
  wiring.content = config.ready->text();
  wiring.reads_all = true;
}

/// *Rooms:* one replica, its worker.
class LuaCodec final : public Codec {
 public:
  LuaCodec(const LuaCodecConfig& config, std::string_view id) : encoder_(config.ready->start(config.limits(), id)) {}
  void encode(Batch& batch, Payload& payload) override ROOM(worker) { encoder_.encode(batch, payload); }

 private:
  ScriptEncoder encoder_;
};

std::unique_ptr<Codec> make(const Make& make) {
  return std::make_unique<LuaCodec>(*static_cast<const LuaCodecConfig*>(make.config), make.id);
}

void needs_of(const void* config, Needs& needs) {
  needs.trusted.push_back(static_cast<const LuaCodecConfig*>(config)->ready->path());
}

}  // namespace

extern const Plugin codec_lua;
const Plugin codec_lua = {
    .kind = Kind::Codec,
    .name = "lua",
    .doc = "rows as a script in Lua writes them",
    .options = options,
    .config = config_type<LuaCodecConfig>,
    .declare = declare,
    .needs = needs_of,
    .codec = make,
};

}  // namespace stook
