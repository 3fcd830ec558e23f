// SPDX-License-Identifier: Apache-2.0
/// What can be said to the shell behind a colon.
#include <cstdio>
#include <fstream>

#include "core/base/text.hh"
#include "core/plan/plan.hh"
#include "core/tool/repl/shell.hh"
#include "core/tool/stest/rows.hh"

namespace stook {

const Shell::Command Shell::commands[] = {
    {"help", "", "this list", &Shell::help},
    {"step", "[on | off]", "what the last row was behind each element; on: of every row", &Shell::step},
    {"history", "KEY", "what the key was behind each element, for the last rows", &Shell::history},
    {"at", "[ID]", "rows enter at this element: a source, a filter or a sink", &Shell::choose_entry},
    {"stack", "STACK | FILE", "play another stack, configuration or script", &Shell::choose_stack},
    {"read", "FILE", "all lines of a file go in", &Shell::read_rows},
    {"count", "[ID]", "what the ledger has counted, and the meters of scripts", &Shell::counts},
    {"advance", "90s", "so much time passes: ticks and windows come due", &Shell::advance},
    {"end", "", "the stream ends: what filters hold comes out", &Shell::end},
    {"anew", "", "begin anew, as a script does after a reload", &Shell::begin_anew},
    {"quit", "", "so does the end of the input", nullptr},
};

bool Shell::take(const std::string& line) {
  std::string_view text = trim(line);
  if (text.empty()) {
    return true;
  }
  if (text[0] != ':') {
    feed(text[0] == '{' ? std::string(text) : line);
    return true;
  }
  size_t blank = std::min(text.find(' '), text.size());
  std::string name(text.substr(1, blank - 1));
  std::vector<std::string_view> names;
  for (const Command& command : commands) {
    if (name == command.name) {
      if (command.run == nullptr) {
        return false;
      }
      (this->*command.run)(std::string(trim(text.substr(blank))));
      return true;
    }
    names.emplace_back(command.name);
  }
  std::string_view near = nearest_name(name, names);
  std::printf("no such command: %s; %s\n", name.c_str(),
              near.empty() ? "`:help` shows all" : ("did you mean ':" + std::string(near) + "'?").c_str());
  return true;
}

void Shell::help(const std::string&) {
  for (const Command& command : commands) {
    std::printf("  :%-7s %-13s %s\n", command.name, command.usage, command.doc);
  }
  std::printf("All else is a row: {…} an object, any other line the text of `message`.\n");
}

void Shell::step(const std::string& rest) {
  if (rest == "on" || rest == "off") {
    is_stepping_ = rest == "on";
  } else if (fed_.empty()) {
    std::printf("no row went in yet\n");
  } else {
    std::printf("%s\n", fed_.back().row.c_str());
    print(fed_.back(), true);
  }
}

void Shell::history(const std::string& rest) {
  if (rest.empty()) {
    std::printf("it is written :history KEY\n");
    return;
  }
  for (const Fed& fed : fed_) {
    std::string line = std::to_string(fed.number);
    for (const auto& [id, rows] : fed.came) {
      if (id == ids_.front() || is_sink(id)) {
        continue;
      }
      line += "  " + id + ":";
      for (const std::string& row : rows) {
        std::string value = member_text(row, rest);
        line += " " + (value.empty() ? "-" : value);
      }
      line += rows.empty() ? " (no row)" : "";
    }
    std::printf("%s\n", line.c_str());
  }
}

void Shell::choose_entry(const std::string& rest) {
  for (const std::string& id : ids_) {
    if (id == rest) {
      entry_ = id;
    }
  }
  if (rest.empty() || entry_ == rest) {
    show();
    return;
  }
  std::string_view near = nearest_name(rest, std::vector<std::string_view>(ids_.begin(), ids_.end()));
  std::printf("no element '%s'; %s\n", rest.c_str(),
              near.empty() ? "`:at` shows all" : ("did you mean '" + std::string(near) + "'?").c_str());
}

void Shell::choose_stack(const std::string& rest) {
  try {
    plan(rest);
    show();
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stdout);
  }
}

void Shell::begin_anew(const std::string&) {
  try {
    begin(TestFile(file_));
    show();
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stdout);
  }
}

void Shell::read_rows(const std::string& rest) {
  std::ifstream in(rest);
  if (!in) {
    std::printf("'%s' cannot be read\n", rest.c_str());
  }
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) {
      feed(line);
    }
  }
}

void Shell::counts(const std::string& rest) {
  for (const std::string& id : ids_) {
    if (!rest.empty() && rest != id) {
      continue;
    }
    std::printf("%s:", id.c_str());
    for (const auto& [name, count] : world_->counts(id)) {
      if (count > 0 || name == "in" || name == "out") {
        std::printf(" %s=%llu", name.c_str(), static_cast<unsigned long long>(count));
      }
    }
    std::printf("\n");
  }
}

void Shell::advance(const std::string& rest) {
  Duration span;
  std::string why;
  if (!read_value(rest, span, why)) {
    std::printf("%s\n", why.c_str());
    return;
  }
  world_->advance(span.ns);
  collect("(" + rest + " passed)", is_stepping_);
}

void Shell::end(const std::string&) {
  world_->end();
  collect("(the end)", is_stepping_);
}

}  // namespace stook
