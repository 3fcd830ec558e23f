// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Lines from somebody at a terminal: edited, with those of former times at hand. That is libedit's work, which is
/// loaded when it is there; without it, and from a pipe, lines are read as they come.
#pragma once

#include <optional>
#include <string>

namespace stook {

/// $STOOK_HISTORY, or a file at home; empty: none.
std::string history_file();

/// *Rooms:* the one thread of the tool. One of them at a time.
class TypedLines {
 public:
  /// `history`: the file that keeps lines from one time to the next; empty: none does.
  explicit TypedLines(std::string history);
  ~TypedLines();
  TypedLines(const TypedLines&) = delete;
  TypedLines& operator=(const TypedLines&) = delete;

  /// The next line without its end; none at the end of the input.
  std::optional<std::string> read(const std::string& prompt);

 private:
  std::optional<std::string> read_edited(const std::string& prompt);

  std::string history_;
  bool is_terminal_;
  void* library_ = nullptr;
  char* (*readline_)(const char*) = nullptr;
  int (*add_history_)(const char*) = nullptr;
  int (*read_history_)(const char*) = nullptr;
  int (*write_history_)(const char*) = nullptr;
  int (*stifle_history_)(int) = nullptr;
};

}  // namespace stook
