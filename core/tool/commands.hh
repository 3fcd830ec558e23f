// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The commands of `stook`. Each takes the words after its name and returns the exit code of the process:
/// 0 all well, 1 rows were dropped for a fault, 2 bad usage or configuration, 3 something outside stook is missing.
#pragma once

#include <string>
#include <vector>

namespace stook {

/// `stook check FILE [--json]`: the whole start-up minus its side effects.
int check_command(const std::vector<std::string>& words);
/// `stook plan FILE`: what would run, where, and why.
int plan_command(const std::vector<std::string>& words);
/// `stook run FILE | 'STACK'`: one plan in the foreground.
int run_command(const std::vector<std::string>& words);
/// `stook state show FILE`, `stook state reset FILE --from-start | --from-end`: the position file of a source.
int state_command(const std::vector<std::string>& words);
/// `stook health [--socket PATH | -c FILE] [--json]`: whether a running stookd makes progress; 1: it does not, 3: it does
/// not answer.
int health_command(const std::vector<std::string>& words);
/// `stook ledger [--socket PATH | -c FILE] [--json]`: the rows of a running stookd at every edge.
int ledger_command(const std::vector<std::string>& words);
/// `stook top [-b] [-n N] [-d TIME] [-s COLUMN] [-f TEXT] [--json]`: what each element of a running stookd does.
int top_command(const std::vector<std::string>& words);
/// `stook graph [FILE | 'STACK'] [--dot | --svg | --json]`: the stacks, and what passes in a running stookd.
int graph_command(const std::vector<std::string>& words);
/// `stook reload [--socket PATH | -c FILE]`: as SIGHUP does; 1: the configuration is wrong, and the former one runs on.
int reload_command(const std::vector<std::string>& words);
/// `stook tap ELEMENT [--where EXPRESSION] [--json] [-n N] [--for TIME]`: rows of a running stookd as they pass.
int tap_command(const std::vector<std::string>& words);
/// `stook trace N [SOURCE] [--json]`: the whole way of the next rows of a source of a running stookd.
int trace_command(const std::vector<std::string>& words);
/// `stook import ulogd FILE`: a file of ulogd in stook's own words; 1: stacks of it are comments, as plugins are missing.
int import_command(const std::vector<std::string>& words);
/// `stook why [ID] [--json]`: the newest rows of a running stookd that came to nothing, and why; 1: none is known.
int why_command(const std::vector<std::string>& words);
/// `stook gen --to TARGET …`: makes lines and sends them; 1: some were not taken.
int gen_command(const std::vector<std::string>& words);
/// `stook verify FILE… | - | --listen ADDRESS`: whether all numbered lines have come, each once; 1: not.
int verify_command(const std::vector<std::string>& words);
/// `stook report [-c FILE] [-o OUT]`: what a bug report needs, in one file.
int report_command(const std::vector<std::string>& words);
/// `stook spool list | check | show | export | repair DIR`: what is in a spool. `check` returns 1 when there is damage.
int spool_command(const std::vector<std::string>& words);
/// `stook letters list | show | export | replay DIR`: rows that a sink would not take.
int letters_command(const std::vector<std::string>& words);
/// `stook test FILE.stest… [--update] [--junit FILE]`: plays test files; 1: a test failed, 2: a file is wrong.
int test_command(const std::vector<std::string>& words);
/// `stook repl 'STACK' | FILE | SCRIPT.lua`: a stack that is played row by row.
int repl_command(const std::vector<std::string>& words);
/// `stook list [-c FILE]`: all plugins of this build, and the scripts.
int list_command(const std::vector<std::string>& words);
/// `stook describe PLUGIN [--json | --markdown]`: one plugin's options and keys.
int describe_command(const std::vector<std::string>& words);

/// A command as `stook help` shows it.
struct CommandLine {
  const char* usage;
  const char* doc;
};
/// `stook complete [--] PROGRAM WORD… CURRENT`: what may stand for the last word, for shells. `stook complete --usages`: how
/// all commands are written.
int complete_command(const std::vector<std::string>& words, const std::vector<CommandLine>& commands);

}  // namespace stook
