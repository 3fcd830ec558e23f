// SPDX-License-Identifier: Apache-2.0
#include "core/tool/repl/stop_shell.hh"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "core/base/text.hh"

namespace stook {

namespace {
constexpr const char* help =
    "  cont      the script goes on; at the end of the input all do, for good\n"
    "  :locals   the variables of this place\n"
    "  :where    the calls that led here\n"
    "  :up       look at the call outside of this one\n"
    "  :down     and back\n"
    "  :quit     end the run\n"
    "All else is Lua, an expression or a statement, and sees the variables of this place.\n";

// Beside the rows, which are on the standard output.
void say(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

std::string place_of(const StoppedScript& script) {
  std::string line = script.line();
  return script.place() + (line.empty() ? "" : ": " + line) + "\n";
}
}  // namespace

void StopShell::stopped(StoppedScript& script) {
  std::lock_guard lock(shell_);
  if (!is_open_ || has_left_) {
    return;
  }
  if (lines_ == nullptr) {
    lines_ = std::make_unique<TypedLines>(history_file());
  }
  say(script.why() + "\n" + place_of(script));
  for (;;) {
    std::optional<std::string> line = lines_->read("stop> ");
    if (!line) {
      leave();
      return;
    }
    if (!take(script, *line)) {
      return;
    }
  }
}

void StopShell::leave() {
  say("the scripts go on, and stop no more\n");
  has_left_ = true;
}

bool StopShell::take(StoppedScript& script, const std::string& line) {
  std::string text(trim(line));
  if (text == "cont" || text == ":cont") {
    return false;
  }
  if (text == ":quit") {
    leave();
    ::kill(::getpid(), SIGTERM);
    return false;
  }
  if (text == ":locals") {
    say(script.variables());
  } else if (text == ":where") {
    say(script.calls());
  } else if (text == ":up" || text == ":down") {
    say(script.move(text == ":up" ? 1 : -1) ? place_of(script) : "there is no further call\n");
  } else if (text == ":help") {
    say(help);
  } else if (!text.empty() && text[0] == ':') {
    say("no such command: " + text.substr(1) + "; `:help` shows all\n");
  } else if (!text.empty()) {
    say(script.evaluate(text));
  }
  return true;
}

}  // namespace stook
