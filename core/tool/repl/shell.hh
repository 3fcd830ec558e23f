// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The work behind `stook repl`: a stack that somebody plays row by row. It is that of `stook test`: the engine
/// itself, on a clock that stands still, with sources and sinks that touch nothing.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/tool/stest/file.hh"
#include "core/tool/stest/rehearsal.hh"

namespace stook {

/// *Invariants:* `world_` plays `file_`, which has a tap behind each element; when a stack is wrong the former one stays.
/// *Rooms:* the one thread of the tool, which enters all of them.
class Shell {
 public:
  /// `what`: a stack, a configuration's file, or a script's. Throws ConfigErrors.
  explicit Shell(const std::string& what);

  /// Does what the line says: a command that begins with a colon, or a row. False: it was the last one.
  [[nodiscard]] bool take(const std::string& line);
  /// The stack and its elements, for the beginning.
  void show() const;

 private:
  /// A row that went in, and what came out behind each element.
  struct Fed {
    int number;
    std::string row;
    std::vector<std::pair<std::string, CaughtRows>> came;
  };
  struct Command {
    const char* name;
    const char* usage;
    const char* doc;
    void (Shell::*run)(const std::string& rest);
  };
  static const Command commands[];

  void plan(const std::string& what);
  void begin(TestFile file);
  bool has_changed() const;
  void refresh();
  void feed(const std::string& text);
  void collect(const std::string& row, bool shows_all);
  void print(const Fed& fed, bool shows_all) const;
  void print_log();
  bool is_sink(const std::string& id) const;

  void help(const std::string& rest);
  void choose_stack(const std::string& rest);
  void choose_entry(const std::string& rest);
  void step(const std::string& rest);
  void history(const std::string& rest);
  void counts(const std::string& rest);
  void advance(const std::string& rest);
  void end(const std::string& rest);
  void read_rows(const std::string& rest);
  void begin_anew(const std::string& rest);

  TestFile file_;
  std::vector<std::string> ids_;    // of the elements in order, sources first
  std::vector<std::string> sinks_;  // those of them that are sinks
  std::string contents_;            // of all scripts
  std::string entry_;               // the element that rows enter at
  std::unique_ptr<Rehearsal> world_;
  std::deque<Fed> fed_;
  int number_ = 0;
  bool is_stepping_ = false;
};

}  // namespace stook
