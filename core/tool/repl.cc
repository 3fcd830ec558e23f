// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook repl 'STACK' | FILE | SCRIPT.lua`: a stack that is played row by row.
#include <cstdio>
#include <optional>

#include "core/base/log.hh"
#include "core/plan/plan.hh"
#include "core/tool/commands.hh"
#include "core/tool/repl/shell.hh"
#include "core/tool/repl/typed_lines.hh"

namespace stook {

int repl_command(const std::vector<std::string>& words) {
  if (words.size() != 1 || words[0].empty() || words[0][0] == '-') {
    std::fputs("usage: stook repl 'STACK' | FILE | SCRIPT.lua\n", stderr);
    return 2;
  }
  set_log_level(Level::Info);
  set_log_file("/dev/null");  // the shell hears what the log is told, and shows it
  try {
    Shell shell(words[0]);
    shell.show();
    TypedLines lines(history_file());
    while (std::optional<std::string> line = lines.read("stook> ")) {
      if (!shell.take(*line)) {
        break;
      }
      std::fflush(stdout);
    }
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stook repl: %s\n", error.what());
    return 3;
  }
  return 0;
}

}  // namespace stook
