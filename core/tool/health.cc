// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook health` and `stook ledger`: what a running stookd says of itself; `stook reload` asks it to reload.
#include <cstdio>

#include "core/base/status.hh"
#include "core/tool/ask.hh"
#include "core/tool/commands.hh"
#include "core/tool/control_socket.hh"

namespace stook {

namespace {
enum Code : int { well = 0, unhealthy = 1, usage = 2, unreachable = 3 };

struct Question {
  std::string socket;
  std::string file;
  bool as_json = false;
};

// False after a message when the words are off.
bool read_words(const char* command, const std::vector<std::string>& words, Question& question) {
  for (size_t i = 0; i < words.size(); i++) {
    bool has_value = i + 1 < words.size();
    if (words[i] == "--json") {
      question.as_json = true;
    } else if (words[i] == "--socket" && has_value && question.file.empty()) {
      question.socket = words[++i];
    } else if (words[i] == "-c" && has_value && question.socket.empty()) {
      question.file = words[++i];
    } else {
      std::fprintf(stderr, "usage: stook %s [--socket PATH | -c FILE] [--json]\n", command);
      return false;
    }
  }
  return true;
}

int ask_and_print(const char* command, const std::vector<std::string>& words, std::string& answer) {
  Question question;
  if (!read_words(command, words, question)) {
    return usage;
  }
  std::string socket = control_socket(question.socket, question.file);
  if (socket.empty()) {
    return usage;
  }
  try {
    answer = ask(socket, std::string(command) + (question.as_json ? " json" : ""));
  } catch (const SetupError& error) {
    std::fprintf(stderr, "stook %s: %s\n", command, error.what());
    return unreachable;
  }
  std::fputs(answer.c_str(), stdout);
  return well;
}
}  // namespace

int health_command(const std::vector<std::string>& words) {
  std::string answer;
  int code = ask_and_print("health", words, answer);
  bool is_healthy = answer.starts_with("healthy") || answer.starts_with("{\"healthy\":true");
  return code == well && !is_healthy ? unhealthy : code;
}

int ledger_command(const std::vector<std::string>& words) {
  std::string answer;
  return ask_and_print("ledger", words, answer);
}

int reload_command(const std::vector<std::string>& words) {
  std::string answer;
  int code = ask_and_print("reload", words, answer);
  return code == well && answer.starts_with("not reloaded") ? unhealthy : code;
}

}  // namespace stook
