// SPDX-License-Identifier: Apache-2.0
//
// The baseline of the benches: `limit MODE IN OUT` does one workload in a single thread, written by hand for that
// workload alone. What the daemon costs is told as a multiple of it. It takes no short cuts: strings are escaped,
// numbers become numbers and are written back, times become nanoseconds since 1970.

#include <cstdio>
#include <string_view>

#include "limit/modes.hh"

namespace {

/// A workload by its name.
struct Mode {
  std::string_view name;
  size_t (*run)(const std::string& in, const std::string& out);
};

constexpr Mode MODES[] = {
    {"access", limit::run_access}, {"access_filter", limit::run_access_filter},
    {"regex", limit::run_regex},   {"raw", limit::run_raw},
    {"json", limit::run_json},     {"four", limit::run_four},
};

int usage() {
  std::fprintf(stderr, "usage: limit MODE IN OUT\nmodes:");
  for (const Mode& mode : MODES) {
    std::fprintf(stderr, " %.*s", static_cast<int>(mode.name.size()), mode.name.data());
  }
  std::fprintf(stderr, "\n");
  return 2;
}

}  // namespace

/// Exits with 0; 1 after an error or when lines could not be read; 2 for a wrong command line.
int main(int count, char** words) {
  if (count != 4) {
    return usage();
  }
  for (const Mode& mode : MODES) {
    if (mode.name == words[1]) {
      const size_t unread = mode.run(words[2], words[3]);
      if (unread > 0) {
        std::fprintf(stderr, "limit: %zu lines could not be read and are left out\n", unread);
      }
      return unread > 0 ? 1 : 0;
    }
  }
  return usage();
}
