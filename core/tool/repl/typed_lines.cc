// SPDX-License-Identifier: Apache-2.0
#include "core/tool/repl/typed_lines.hh"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

namespace stook {

namespace {
constexpr int most_lines = 1000;

// Null: the library has no such function.
template <class F>
void load(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(::dlsym(library, name));
}
}  // namespace

std::string history_file() {
  const char* named = std::getenv("STOOK_HISTORY");
  const char* home = std::getenv("HOME");
  return named != nullptr ? named : home != nullptr ? std::string(home) + "/.stook_history" : "";
}

TypedLines::TypedLines(std::string history)
    : history_(std::move(history)), is_terminal_(::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0) {
  library_ = is_terminal_ ? ::dlopen("libedit.so.2", RTLD_NOW) : nullptr;
  if (library_ == nullptr) {
    return;
  }
  load(library_, "readline", readline_);
  load(library_, "add_history", add_history_);
  load(library_, "read_history", read_history_);
  load(library_, "write_history", write_history_);
  load(library_, "stifle_history", stifle_history_);
  bool is_whole = readline_ != nullptr && add_history_ != nullptr && read_history_ != nullptr &&
                  write_history_ != nullptr && stifle_history_ != nullptr;
  if (!is_whole) {
    readline_ = nullptr;
    return;
  }
  if (!history_.empty()) {
    read_history_(history_.c_str());
  }
}

TypedLines::~TypedLines() {
  if (readline_ != nullptr && !history_.empty()) {
    stifle_history_(most_lines);
    write_history_(history_.c_str());
  }
}

std::optional<std::string> TypedLines::read_edited(const std::string& prompt) {
  std::unique_ptr<char, void (*)(void*)> line(readline_(prompt.c_str()), std::free);
  if (line == nullptr) {
    return std::nullopt;
  }
  if (line.get()[0] != '\0') {
    add_history_(line.get());
  }
  return std::string(line.get());
}

std::optional<std::string> TypedLines::read(const std::string& prompt) {
  if (readline_ != nullptr) {
    return read_edited(prompt);
  }
  if (is_terminal_) {
    std::fputs(prompt.c_str(), stdout);
  }
  std::fflush(stdout);
  std::string line;
  return std::getline(std::cin, line) ? std::optional<std::string>(std::move(line)) : std::nullopt;
}

}  // namespace stook
