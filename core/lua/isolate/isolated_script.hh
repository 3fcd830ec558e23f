// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The process of an isolated script.
///
/// stook's own program, started with `--isolated-script` and the instance's id: descriptor 0 is the control pipe, 1 the data
/// pipe, 2 the log. It has one script, one loop, and nothing else of stook's: no configuration, no other stack, no file.
/// What it may not do: gain rights by what it runs (PR_SET_NO_NEW_PRIVS), use more memory than the script's and what the
/// program itself takes (RLIMIT_AS), spin for ever (RLIMIT_CPU is moved on whenever the script waits), leave a core. It ends
/// when stook does, however that ends: by the parent's death signal, and by the end of the control pipe.
#pragma once

namespace stook {

/// Whether the command line asks for such a process.
bool is_isolated_script(int argc, char** argv);
/// Runs it; an exit code.
int run_isolated_script();

}  // namespace stook
