// SPDX-License-Identifier: Apache-2.0
/// What plugins say that they need, against the page that tells of it.
#include <linux/capability.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/api/needs.hh"
#include "core/lua/module_folders.hh"
#include "core/plan/registry.hh"

using namespace stook;

namespace {

// The names between backticks in the row of that capability.
std::set<std::string> told(const std::string& page, const std::string& capability) {
  std::set<std::string> names;
  size_t at = page.find("| " + capability + " |");
  REQUIRE(at != std::string::npos);
  std::string row = page.substr(at, page.find('\n', at) - at);
  for (size_t open = row.find('`'); open != std::string::npos;) {
    size_t close = row.find('`', open + 1);
    names.insert(row.substr(open + 1, close - open - 1));
    open = row.find('`', close + 1);
  }
  return names;
}

// Plugins that keep a capability whatever their options are. Those with scripts are nothing without one.
std::map<int, std::set<std::string>> kept() {
  std::map<int, std::set<std::string>> all;
  for (const Plugin* plugin : all_plugins()) {
    if (plugin->needs == nullptr || std::string_view(plugin->name) == "lua") {
      continue;
    }
    std::unique_ptr<void, void (*)(void*)> config(plugin->config.make(), plugin->config.destroy);
    Needs needs;
    plugin->needs(config.get(), needs);
    for (int i = 0; i < 64; i++) {
      if ((needs.capabilities >> i & 1) != 0) {
        all[i].insert(plugin->name);
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("the page names each plugin that keeps a capability, and no other") {
  const std::string here = __FILE__;
  std::ifstream file(here.substr(0, here.rfind("test/unit/daemon")) + "core/daemon/README.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(!page.empty());
  std::map<int, std::set<std::string>> all = kept();
  CHECK(told(page, "CAP_NET_ADMIN") == all[CAP_NET_ADMIN]);
  CHECK(told(page, "CAP_NET_RAW") == all[CAP_NET_RAW]);
  all.erase(CAP_NET_ADMIN);
  all.erase(CAP_NET_RAW);
  CHECK(all.empty());  // others need one for some of their options alone
}

TEST_CASE("modules are looked for in the folders before the question mark") {
  CHECK(module_folders("").empty());
  CHECK(module_folders("/a/?.lua;/a/?/init.lua;/b/x?.lua;?.lua") == std::vector<std::string>{"/a/", "/b/", "."});
}
