// SPDX-License-Identifier: Apache-2.0
/// Scripts for the tests of floor 3a: written to a file, run in a Rig.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "test/unit/kit.hh"

namespace stook::test {

/// A script in a folder of its own, gone with the object.
class ScriptFile {
 public:
  explicit ScriptFile(std::string_view text) {
    char folder[] = "/tmp/stook-lua-XXXXXX";
    folder_ = mkdtemp(folder);
    FILE* file = std::fopen((folder_ + "/t.lua").c_str(), "we");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  ~ScriptFile() {
    ::unlink((folder_ + "/t.lua").c_str());
    ::rmdir(folder_.c_str());
  }
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

/// A Rig with the filter `lua` and this script. It may take its time, as sanitizers do, unless the options say less.
inline Rig lua_rig(std::string_view text, Options options = {}) {
  ScriptFile file(text);
  options.emplace(options.begin(), "budget", "10s");
  options.emplace_back("script", "t.lua");
  return Rig(Kind::Filter, "lua", options, file.folder());
}

/// What declaring or making the filter throws, or empty.
inline std::string refusal(std::string_view text, Options options = {}) {
  try {
    lua_rig(text, std::move(options));
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

/// Runs statements over one row of `cells` in the record form, and shows the row; `fault` when it failed.
inline std::string run_one(std::string_view body, const std::vector<std::pair<std::string, Cell>>& cells,
                           Options options = {}) {
  Rig rig = lua_rig("function filter(rec) " + std::string(body) + "\nend", std::move(options));
  rig.row(cells).run();
  if (!rig.faults().empty()) {
    return "fault";
  }
  return rig.selected().empty() ? "dropped" : rig.show(0);
}

}  // namespace stook::test
