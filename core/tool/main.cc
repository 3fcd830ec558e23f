// SPDX-License-Identifier: Apache-2.0
/// Floor 5. stook: the tool beside the daemon.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hh"
#include "core/lua/isolate/isolated_script.hh"
#include "core/tool/commands.hh"
#include "core/tool/usages.hh"

namespace {

struct Command {
  std::string_view name;
  int (*run)(const std::vector<std::string>&);
  const char* usage;
  const char* doc;
  bool says_more = false;  // when it is asked for help, by itself
};

constexpr Command commands[] = {
    {"run", stook::run_command, "run FILE | 'STACK'", "run a configuration or one stack; --debug stops in scripts",
     true},
    {"check", stook::check_command, "check FILE [--json]", "all errors of a configuration, without starting anything"},
    {"plan", stook::plan_command, "plan FILE", "what would run: routes, lanes, keys, memory, threads"},
    {"import", stook::import_command, "import ulogd FILE", "a file of ulogd in stook's words, and what changed"},
    {"state", stook::state_command, "state show|reset FILE", "how far a source's files are delivered; begin again"},
    {"health", stook::health_command, "health [-c FILE] [--json]",
     "whether a running stookd makes progress; 1: it does not"},
    {"ledger", stook::ledger_command, "ledger [-c FILE] [--json]", "the rows of a running stookd at every edge"},
    {"top", stook::top_command, "top [-b] [-n N] [-c FILE]",
     "what each element of a running stookd does, again and again", true},
    {"graph", stook::graph_command, "graph [FILE | 'STACK']", "the stacks and what passes, as text, --svg or --dot",
     true},
    {"reload", stook::reload_command, "reload [-c FILE]", "have a running stookd read its configuration again"},
    {"tap", stook::tap_command, "tap ELEMENT [--where EXPR]", "rows as they leave an element of a running stookd",
     true},
    {"trace", stook::trace_command, "trace N [SOURCE]", "the whole way of the next N rows of a running stookd", true},
    {"why", stook::why_command, "why [ID]", "rows of a running stookd that failed or were refused, and why", true},
    {"report", stook::report_command, "report [-c FILE] [-o OUT]",
     "all that a bug report needs, secrets masked, in one file"},
    {"spool", stook::spool_command, "spool list|check|… DIR", "what a spool holds, its damage, its bytes; repair"},
    {"test", stook::test_command, "test FILE.stest… [--update]", "play test files of scripts and configurations"},
    {"repl", stook::repl_command, "repl 'STACK' | FILE", "play a stack or a script row by row, by hand"},
    {"gen", stook::gen_command, "gen --to TARGET …", "made lines at a rate, to sockets, files or the standard output",
     true},
    {"verify", stook::verify_command, "verify FILE… | --listen …", "whether all lines of gen --id have come, each once",
     true},
    {"list", stook::list_command, "list [-c FILE]", "all plugins of this build, and the scripts"},
    {"letters", stook::letters_command, "letters list DIR …",
     "rows that a sink would not take: list, show, export, replay"},
    {"describe", stook::describe_command, "describe PLUGIN [--json]", "one plugin: options, keys read and written"},
};

void print_usage(FILE* to) {
  std::fputs("usage: stook COMMAND …\n\n", to);
  for (const Command& command : commands) {
    std::fprintf(to, "  stook %-26s %s\n", command.usage, command.doc);
  }
  std::fputs(
      "  stook version                    the version\n\n"
      "  stook run 'stdin, parse_json, keep(status >= 500), stdout'\n\n"
      "exit codes: 0 all well, 1 rows were dropped for a fault, 2 bad usage or configuration,\n"
      "            3 a file or another thing outside stook is missing\n",
      to);
}

bool asks_for_help(const std::vector<std::string>& words) {
  return words.size() == 1 && (words[0] == "--help" || words[0] == "-h");
}

void print_help(const Command& command) {
  bool has_any = false;
  for (const stook::Usage& usage : stook::long_usages()) {
    if (usage.command() == command.name) {
      std::printf("%sstook %s\n%s%s%s", has_any ? "       " : "usage: ", usage.text.c_str(),
                  usage.doc.empty() ? "" : "           ", usage.doc.c_str(), usage.doc.empty() ? "" : "\n");
      has_any = true;
    }
  }
  if (!has_any) {
    std::printf("usage: stook %s\n", command.usage);
  }
  std::printf("%s\n", command.doc);
}
}  // namespace

int main(int argc, char** argv) {
  if (stook::is_isolated_script(argc, argv)) {
    return stook::run_isolated_script();
  }
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    print_usage(words.empty() ? stderr : stdout);
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "version" || words[0] == "--version" || words[0] == "-V") {
    std::printf("stook %s\n", STOOK_VERSION);
    return 0;
  }
  std::string name = words[0];
  words.erase(words.begin());
  if (name == "complete") {
    std::vector<stook::CommandLine> lines;
    for (const Command& command : commands) {
      lines.push_back({command.usage, command.doc});
    }
    return stook::complete_command(words, lines);
  }
  std::vector<std::string_view> names;
  for (const Command& command : commands) {
    if (command.name == name) {
      if (!asks_for_help(words)) {
        return command.run(words);
      }
      if (command.says_more) {
        return command.run({"--help"});
      }
      print_help(command);
      return 0;
    }
    names.push_back(command.name);
  }
  std::string_view near = stook::nearest_name(name, names);
  std::string hint = near.empty() ? "`stook help` shows all" : "did you mean '" + std::string(near) + "'?";
  std::fprintf(stderr, "stook: no such command: %s; %s\n", name.c_str(), hint.c_str());
  return 2;
}
