// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook import ulogd FILE`: a file of ulogd in stook's own words, with comments on what changed.
#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/fd.hh"
#include "core/plan/ulogd_import.hh"
#include "core/tool/commands.hh"

namespace stook {

namespace {

bool read_file(const std::string& path, std::string& text) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  char buffer[16384];
  while (fd) {
    ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got <= 0) {
      return got == 0;
    }
    text.append(buffer, static_cast<size_t>(got));
  }
  return false;
}

}  // namespace

int import_command(const std::vector<std::string>& words) {
  if (words.size() != 2 || words[0] != "ulogd") {
    std::fputs("usage: stook import ulogd FILE\n", stderr);
    return 2;
  }
  std::string text;
  if (!read_file(words[1], text)) {
    std::fprintf(stderr, "stook: cannot read %s: %s\n", words[1].c_str(), std::strerror(errno));
    return 3;
  }
  ImportedUlogd imported = import_ulogd(text, words[1]);
  std::fwrite(imported.text.data(), 1, imported.text.size(), stdout);
  if (imported.stacks_left_out > 0) {
    std::fprintf(stderr, "stook: %zu stacks are comments, as this build lacks one of their plugins\n",
                 imported.stacks_left_out);
    return 1;
  }
  return 0;
}

}  // namespace stook
