// SPDX-License-Identifier: Apache-2.0
/// A stack line as it stands on the command line: it becomes a plan that can be shown, or errors that can.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/plan/plan.hh"

using namespace stook;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  PlanRequest request;
  request.stack.assign(reinterpret_cast<const char*>(data), size);
  request.threads = 2;
  try {
    if (make_plan(request)->show().empty()) {
      std::abort();
    }
  } catch (const ConfigErrors& errors) {
    if (errors.all.empty() || show_errors(errors).empty() || show_errors_json(errors).empty()) {
      std::abort();
    }
  }
  return 0;
}
