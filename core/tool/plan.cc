// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook plan FILE | 'STACK'`: what would run, where, and why.
#include "core/plan/plan.hh"

#include <cstdio>

#include "core/tool/commands.hh"

namespace stook {

int plan_command(const std::vector<std::string>& words) {
  if (words.size() != 1 || words[0].rfind("--", 0) == 0) {
    std::fputs("usage: stook plan FILE | 'STACK'\n", stderr);
    return 2;
  }
  // A stack has a comma or parentheses where a path seldom has.
  bool is_stack = words[0].find(',') != std::string::npos;
  try {
    PlanRequest request;
    (is_stack ? request.stack : request.file) = words[0];
    std::fputs(make_plan(request)->show().c_str(), stdout);
    return 0;
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    return 2;
  }
}

}  // namespace stook
