// SPDX-License-Identifier: Apache-2.0
/// The examples of scripts/README.md: each line `EXPRESSION --> VALUES` gives these values. They run for a row, or as a script's
/// start when they open a table; the block behind `<!-- file: NAME -->` is a file beside it.
#include <cstdlib>
#include <fstream>

#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

namespace {
struct Example {
  int line;
  std::string body;
  int checks;
};
struct Page {
  std::vector<Example> examples;
  std::vector<std::pair<std::string, std::string>> files;
};

// A line of an example; what stands behind an arrow becomes a check.
void add_line(Example& example, std::string line, int number) {
  size_t arrow = line.find("--> ");
  if (arrow != std::string::npos) {
    line = "check(" + std::to_string(number) + ", [==[" + line.substr(arrow + 4) + "]==], pcall(function() return " +
           line.substr(0, arrow) + " end))";
    example.checks++;
  }
  example.body += line + "\n";
}

Page read_page() {
  std::string here = __FILE__;
  std::ifstream file(here.substr(0, here.rfind("test/unit/lua")) + "scripts/README.md");
  Page page;
  std::string fence;
  std::string name;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    number++;
    if (line.rfind("<!-- file: ", 0) == 0) {
      name = line.substr(11, line.find(' ', 11) - 11);
    } else if (line.rfind("```", 0) == 0) {
      fence = fence.empty() ? line : "";
      if (fence == "```lua") {
        page.examples.push_back({number, "", 0});
      } else if (!fence.empty() && !name.empty()) {
        page.files.emplace_back(name, "");
      } else {
        name.clear();
      }
    } else if (fence == "```lua") {
      add_line(page.examples.back(), line, number);
    } else if (!fence.empty() && !name.empty()) {
      page.files.back().second += line + "\n";
    }
  }
  std::erase_if(page.examples, [](const Example& example) { return example.checks == 0; });
  return page;
}

constexpr std::string_view check_line = R"(local wrong = ""
local function check(line, want, ...)
  local got = shown(...)
  if got ~= want then wrong = wrong .. "line " .. line .. ": " .. got .. " and not " .. want .. "\n" end
end
)";
}  // namespace

TEST_CASE("the examples of the library's page give what the page says") {
  Page page = read_page();
  REQUIRE(page.examples.size() >= 10);
  char made[] = "/tmp/stook-page-XXXXXX";
  std::string folder = mkdtemp(made);
  for (const auto& [name, bytes] : page.files) {
    std::ofstream(folder + "/" + name) << bytes;
  }
  for (const Example& example : page.examples) {
    CAPTURE(example.line);
    bool is_start = example.body.find("stook.lookup(") != std::string::npos;
    std::ofstream(folder + "/t.lua") << show_values << check_line << (is_start ? "" : "function filter(rec)\n")
                                     << example.body << (is_start ? "function filter(rec)\n" : "")
                                     << "rec.wrong = wrong\nend\n";
    Rig rig(stook::Kind::Filter, "lua", {{"script", "t.lua"}}, folder);
    rig.row("in", "x").run();
    CHECK(rig.cell("wrong", 0)->bytes() == "");
  }
  CHECK(std::system(("rm -r " + folder).c_str()) == 0);
}
