// SPDX-License-Identifier: Apache-2.0
/// The rows of all plugins of this build, as `stook describe` and the README pages show them.
#include <catch2/catch.hpp>
#include <set>

#include "core/plan/describe.hh"
#include "core/plan/registry.hh"

using namespace stook;

TEST_CASE("every plugin's docs, names and defaults are in order") {
  REQUIRE_FALSE(all_plugins().empty());
  for (const Plugin* plugin : all_plugins()) {
    for (const std::string& wrong : check_rows(*plugin)) {
      FAIL_CHECK(wrong);
    }
  }
}

TEST_CASE("every plugin stands once in the table and can be described in each form") {
  std::set<std::string> names;
  for (const Plugin* plugin : all_plugins()) {
    std::string name = std::string(kind_name(plugin->kind)) + "." + plugin->name;
    INFO(name);
    CHECK(names.insert(name).second);
    CHECK(find_plugins(name) == std::vector<const Plugin*>{plugin});
    CHECK(describe(*plugin, Layout::Text).find(plugin->doc) != std::string::npos);
    CHECK(describe(*plugin, Layout::Json).find("\"options\": [") != std::string::npos);
    CHECK_NOTHROW(describe(*plugin, Layout::Markdown));
  }
}
