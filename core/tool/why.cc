// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook why [ID]`: what became of rows of a running stookd that failed, were refused or were dropped.
#include <cstdio>

#include "core/base/status.hh"
#include "core/tool/ask.hh"
#include "core/tool/commands.hh"
#include "core/tool/control_socket.hh"

namespace stook {

namespace {
constexpr const char* usage =
    "usage: stook why [ID] [--json] [--socket PATH | -c FILE]\n"
    "The newest rows of a running stookd that failed, were refused or were dropped for a fault: where, when, and why.\n"
    "ID is a row's stook.id, or any text that its begin holds. Each worker and each sink keeps its last 64 reasons.\n"
    "Of a script the text of its error is shown, of a parser and of a sink what they said.\n"
    "exit codes: 0 a reason is known, 1 none is, 2 bad usage, 3 stookd does not answer\n";
}  // namespace

int why_command(const std::vector<std::string>& words) {
  std::string id;
  std::string socket;
  std::string file;
  bool as_json = false;
  for (size_t i = 0; i < words.size(); i++) {
    bool has_value = i + 1 < words.size();
    if (words[i] == "--json") {
      as_json = true;
    } else if (words[i] == "--socket" && has_value && file.empty()) {
      socket = words[++i];
    } else if (words[i] == "-c" && has_value && socket.empty()) {
      file = words[++i];
    } else if (!words[i].empty() && words[i][0] != '-' && id.empty()) {
      id = words[i];
    } else {
      bool is_help = words.size() == 1 && words[i] == "--help";
      std::fputs(usage, is_help ? stdout : stderr);
      return is_help ? 0 : 2;
    }
  }
  std::string path = control_socket(socket, file);
  if (path.empty()) {
    return 2;
  }
  try {
    std::string answer = ask(path, std::string("why") + (as_json ? " json" : "") + (id.empty() ? "" : " " + id));
    std::fputs(answer.c_str(), stdout);
    if (answer.empty() && !as_json) {
      std::fprintf(stderr, "stook why: %s\n",
                   id.empty() ? "no row has failed, been refused or dropped lately"
                              : "nothing is known of this row: it was not dropped lately, or has no stook.id");
    }
    return answer.empty() ? 1 : 0;
  } catch (const SetupError& error) {
    std::fprintf(stderr, "stook why: %s\n", error.what());
    return 3;
  }
}

}  // namespace stook
