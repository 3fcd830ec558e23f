// SPDX-License-Identifier: Apache-2.0
/// Expressions of Lua and what they show, for the tests of the library.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "core/base/clock.hh"
#include "test/unit/lua/script_kit.hh"

namespace stook::test {

/// Lua: `show(...)` is the text of values: strings in quotes, tables as JSON, several values with commas between.
inline constexpr std::string_view show_values = R"(
local function show(...)
  local out = {}
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    local kind = math.type(v) or type(v)
    out[i] = kind == "string" and '"' .. v .. '"' or kind == "table" and stook.json.encode(v) or tostring(v)
  end
  return table.concat(out, ", ")
end
local function shown(ok, ...)
  return ok and show(...) or "error: " .. tostring((...)):gsub("^t%.lua:%d+: ", "")
end
)";

/// What the function body returns, shown; `error: …` when it raises, `fault` when that cannot be caught.
inline std::string result_of(std::string_view body, Options options = {}) {
  Rig rig = lua_rig(std::string(show_values) + "function filter(rec) rec.out = shown(pcall(function() " +
                        std::string(body) + "\nend)) end",
                    std::move(options));
  rig.row("in", "x").run();
  return rig.faults().empty() ? std::string(rig.cell("out", 0)->bytes()) : "fault";
}
/// What the expression gives.
inline std::string value_of(std::string_view expression) {
  return result_of("return " + std::string(expression));
}

/// Runs an attack on one row: it must end soon, by itself or by the budget, and the next row must come out right.
inline void check_harmless(std::string_view body, Options options = {}) {
  CAPTURE(body);
  options.emplace_back("budget", "30ms");
  Rig rig =
      lua_rig("function filter(rec) if rec.a == 1 then " + std::string(body) + "\nend rec.b = rec.a end", options);
  rig.row({{"a", Cell::of_integer(1)}}).row({{"a", Cell::of_integer(2)}});
  int64_t start = thread_cpu_ns();
  rig.run();
  CHECK((thread_cpu_ns() - start) / 1'000'000 < 3000);
  CHECK(rig.cell("b", 1)->integer == 2);
}

}  // namespace stook::test
