// SPDX-License-Identifier: Apache-2.0
/// The body of a kept dictionary's file, with the right checksum before it: it is read or not, and what is read is written
/// so that it reads as much.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/crc32c.hh"
#include "core/lua/library/kept_file.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  std::string_view body(reinterpret_cast<const char*>(data), size);
  char head[64];
  std::snprintf(head, sizeof head, "stook-keep 2 %zu %08x\n", size, crc32c(body));
  KeptFile file;
  if (!read_kept(head + std::string(body), file)) {
    return 0;
  }
  KeptFile again;
  bool is_same = read_kept(show_kept(file, INT64_MIN), again) && again.entries.size() == file.entries.size() &&
                 again.groups.size() == file.groups.size();
  for (size_t i = 0; is_same && i < file.groups.size(); i++) {
    const KeptGroup& group = file.groups[i];
    is_same = again.groups[i].positions == group.positions && again.groups[i].generation == group.generation &&
              again.groups[i].changes.size() == group.changes.size();
  }
  if (!is_same) {
    std::abort();
  }
  return 0;
}
