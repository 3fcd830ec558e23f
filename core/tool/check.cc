// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook check FILE [--json]`: the whole start-up minus its side effects.
#include <cstdio>

#include "core/plan/plan.hh"
#include "core/plan/script_keys.hh"
#include "core/tool/commands.hh"

namespace stook {

namespace {
// The number of ways through the trees, which is the number of stacks and of on_error stacks.
size_t count_stacks(const Plan& plan) {
  size_t stacks = 0;
  for (const auto& route : plan.routes) {
    for (const Node& node : route->nodes) {
      stacks += node.instance->plugin->kind == Kind::Sink ? 1 : 0;
    }
  }
  return stacks;
}
}  // namespace

int check_command(const std::vector<std::string>& words) {
  std::string file;
  bool as_json = false;
  bool is_right = !words.empty();
  for (const std::string& word : words) {
    if (word == "--json") {
      as_json = true;
    } else {
      is_right = is_right && file.empty() && word.rfind("--", 0) != 0;
      file = word;
    }
  }
  if (!is_right || file.empty()) {
    std::fputs("usage: stook check FILE [--json]\n", stderr);
    return 2;
  }
  try {
    std::unique_ptr<Plan> plan = make_plan({file, {}});
    ConfigErrors doubts(find_unwritten_keys(*plan, file));
    if (as_json) {
      std::fputs("[]\n", stdout);
      return 0;
    }
    if (!doubts.all.empty()) {
      std::fprintf(stderr, "No errors, but scripts read what nothing before them writes:\n%s",
                   show_errors(doubts).c_str());
    }
    size_t stacks = count_stacks(*plan);
    size_t instances = plan->instances.size();
    std::printf("%s: no errors; %zu stack%s, %zu instance%s\n", file.c_str(), stacks, stacks == 1 ? "" : "s", instances,
                instances == 1 ? "" : "s");
    return 0;
  } catch (const ConfigErrors& errors) {
    if (as_json) {
      std::fputs(show_errors_json(errors).c_str(), stdout);
    } else {
      std::fputs(show_errors(errors).c_str(), stderr);
    }
    return 2;
  }
}

}  // namespace stook
