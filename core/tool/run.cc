// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook run FILE` and `stook run 'stdin, parse_json, stdout'`: one plan in the foreground.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/run/service.hh"
#include "core/tool/commands.hh"
#include "core/tool/progress.hh"
#include "core/tool/repl/stop_shell.hh"

namespace stook {

namespace {
struct RunRequest {
  PlanRequest plan;
  bool is_quiet = false;
  bool is_json = false;
  bool is_debug = false;
};

bool is_file(const std::string& name) {
  struct stat st {};
  return stat(name.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

bool read_count(const std::string& text, size_t& count) {
  uint64_t value = 0;
  std::string why;
  bool is_good = read_value(text, value, why) && value >= 1 && value <= 1024;
  count = static_cast<size_t>(value);
  return is_good;
}

constexpr const char* usage =
    "usage: stook run [-t THREADS] [-k KEYSPOOL] [-q] [--json] [--debug] FILE | 'STACK'\n"
    "  -t, --threads N   worker threads\n"
    "  -k, --keyspool N  bundles of each source\n"
    "  -q, --quiet       no progress, no report\n"
    "      --json        the report as JSON\n"
    "      --debug       one worker; where a script calls stook.stop() or debug.debug(), and where it raises, a shell "
    "opens\n"
    "                    that shows its variables: `cont` goes on, `:help` tells the rest\n";

// False after a message when the words are off.
bool read_words(const std::vector<std::string>& words, RunRequest& request) {
  std::string what;
  for (size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    bool has_count = word == "-t" || word == "--threads" || word == "-k" || word == "--keyspool";
    if (has_count) {
      size_t& count = word == "-t" || word == "--threads" ? request.plan.threads : request.plan.keyspool;
      if (i + 1 == words.size() || !read_count(words[++i], count)) {
        std::fprintf(stderr, "stook run: %s takes a number from 1 to 1024\n", word.c_str());
        return false;
      }
    } else if (word == "-q" || word == "--quiet") {
      request.is_quiet = true;
    } else if (word == "--json") {
      request.is_json = true;
    } else if (word == "--debug") {
      request.is_debug = true;
    } else if (word.size() > 1 && word[0] == '-') {
      std::fprintf(stderr, "stook run: no such option: %s\n", word.c_str());
      return false;
    } else if (what.empty()) {
      what = word;
    } else {
      std::fprintf(stderr, "stook run: one file or stack at a time; is the stack in quotes?\n");
      return false;
    }
  }
  if (what.empty()) {
    std::fputs(usage, stderr);
    return false;
  }
  // A stack has commas; a name without any is meant to be a file, and says so when it is not there.
  bool is_stack = !is_file(what) && what.find(',') != std::string::npos;
  (is_stack ? request.plan.stack : request.plan.file) = what;
  return true;
}

// The shell needs the standard input for itself.
bool reads_input(const Plan& plan) {
  for (const auto& instance : plan.instances) {
    if (std::string_view(instance->plugin->name) == "stdin") {
      return true;
    }
  }
  return false;
}

// Null after a message when it is wrong.
std::shared_ptr<Plan> plan_run(const RunRequest& request) {
  std::shared_ptr<Plan> plan;
  try {
    plan = make_plan(request.plan);
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    return nullptr;
  }
  if (request.is_debug && reads_input(*plan)) {
    std::fputs("stook run: --debug reads the standard input, and so does the source stdin; have it read a file\n",
               stderr);
    return nullptr;
  }
  return plan;
}

void show_report(const RunRequest& request, Engine& engine) {
  if (request.is_json) {
    std::fprintf(stderr, "%s\n", engine.report().json().c_str());
  } else if (!request.is_quiet) {
    std::fputs(engine.report().table().c_str(), stderr);
  }
}
}  // namespace

int run_command(const std::vector<std::string>& words) {
  room::enter(room::front);
  RunRequest request;
  if (words.size() == 1 && (words[0] == "-h" || words[0] == "--help")) {
    std::fputs(usage, stdout);
    return 0;
  }
  if (!read_words(words, request)) {
    return static_cast<int>(Exit::Usage);
  }
  StopShell shell;
  if (request.is_debug) {
    request.plan.threads = 1;
    ScriptStops::listen(&shell);
  }
  std::shared_ptr<Plan> plan = plan_run(request);
  if (plan == nullptr) {
    return static_cast<int>(Exit::Usage);
  }
  shell.open();
  set_log_level(plan->settings.loglevel);
  Service service(plan, request.plan);
  try {
    service.start();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stook run: %s\n", error.what());
    return static_cast<int>(Exit::Setup);
  }
  // Nobody is going to reload: what is left would wait for ever.
  service.engine().on_standstill([&]() ROOM(front) { service.stop(); });
  Progress progress(service.engine());
  bool is_live = !request.is_quiet && !request.is_debug && isatty(STDERR_FILENO) != 0;
  if (is_live) {
    progress.start(service.loop());
  }
  Exit exit = service.run();
  if (is_live) {
    progress.stop();
  }
  show_report(request, service.engine());
  if (service.engine().has_stuck_thread()) {
    service.leave(exit);
  }
  return static_cast<int>(exit);
}

}  // namespace stook
