// SPDX-License-Identifier: Apache-2.0
/// Bytes of strangers through the functions that scripts take them apart with. None fails, whatever the bytes are, and what
/// was understood and written again is understood the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/base/room.hh"
#include "test/unit/lua/script_kit.hh"

namespace {
using namespace stook;
using namespace stook::test;

constexpr std::string_view script = R"(
local json, msgpack, url, base64 = stook.json, stook.msgpack, stook.url, stook.base64

local function same_again(form, value)
  local is_shown, text = pcall(form.encode, value)  -- keys that are no text have no place in records
  assert(not is_shown or form.encode(form.decode(text)) == text)
end

function filter(rec)
  local text = rec.text
  local value = json.decode(text)
  if value ~= nil then same_again(json, value) end
  value = msgpack.decode(text)
  if value ~= nil then same_again(msgpack, value) end
  local bytes = base64.decode(text)
  assert(bytes == nil or base64.decode(base64.encode(bytes)) == bytes)
  assert(url.decode(url.encode(text)) == text)
  url.parse(text)
  url.query(text)
  stook.user_agent(text)
  stook.time.parse(text)
  local address = stook.ip.parse(text)
  assert(address == nil or stook.ip.parse(address) == address)
end
)";

// The first row that a script gets makes the watchdog, which then lives longer than what is made after it.
bool make_watchdog() {
  lua_rig(script).row("text", "{}").run();
  return true;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  room::enter(room::worker);
  static const bool has_watchdog = make_watchdog();
  static Rig rig = lua_rig(script, {{"budget", "5s"}});
  (void)has_watchdog;
  rig.clear();
  rig.row("text", {reinterpret_cast<const char*>(data), size}).run();
  if (!rig.faults().empty()) {
    std::fprintf(stderr, "%s\n", rig.show_all().c_str());
    std::abort();
  }
  return 0;
}
