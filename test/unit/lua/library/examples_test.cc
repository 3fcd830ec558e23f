// SPDX-License-Identifier: Apache-2.0
/// The examples of scripts/README.md: each line `EXPRESSION --> VALUES` gives these values.
#include <fstream>
#include <sstream>

#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

namespace {
struct Example {
  int line;
  std::string body;
  int checks;
};

// The blocks of Lua that hold an arrow; what stands behind one becomes a check.
std::vector<Example> examples() {
  std::string here = __FILE__;
  std::ifstream file(here.substr(0, here.rfind("test/unit/lua")) + "scripts/README.md");
  std::vector<Example> found;
  bool is_inside = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    number++;
    if (line.rfind("```", 0) == 0) {
      is_inside = !is_inside && line == "```lua";
      if (is_inside) {
        found.push_back({number, "", 0});
      }
      continue;
    }
    if (!is_inside) {
      continue;
    }
    size_t arrow = line.find("--> ");
    if (arrow != std::string::npos) {
      line = "check(" + std::to_string(number) + ", [==[" + line.substr(arrow + 4) + "]==], pcall(function() return " +
             line.substr(0, arrow) + " end))";
      found.back().checks++;
    }
    found.back().body += line + "\n";
  }
  std::erase_if(found, [](const Example& example) { return example.checks == 0; });
  return found;
}
}  // namespace

TEST_CASE("the examples of the library's page give what the page says") {
  std::vector<Example> all = examples();
  REQUIRE(all.size() >= 1);
  for (const Example& example : all) {
    CAPTURE(example.line);
    CHECK(result_of(R"(local wrong = ""
local function check(line, want, ...)
  local got = shown(...)
  if got ~= want then wrong = wrong .. "line " .. line .. ": " .. got .. " and not " .. want .. "\n" end
end
)" + example.body + "\nreturn wrong") == "\"\"");
  }
}
