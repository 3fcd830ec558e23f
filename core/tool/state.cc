// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook state show FILE` and `stook state reset FILE --from-start | --from-end`: the position file of a source.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "core/api/cursor.hh"
#include "core/api/positions.hh"
#include "core/base/status.hh"
#include "core/tool/commands.hh"

namespace stook {

namespace {

const char* line_words(uint64_t line) {
  constexpr const char* words[] = {"", "  in a long line", "  in a line handed on without its newline"};
  return line < 3 ? words[line] : "";
}

/// The place of a source that has one only, such as journald's cursor; empty when the file holds no such place.
std::string place_in(const std::string& file) {
  try {
    CursorFile kept(file, "state");
    kept.load();
    return kept.cursor();
  } catch (const SetupError&) {
    return {};  // positions of files, or damaged; either is told by those who read these
  }
}

int show(const std::string& file) {
  if (std::string place = place_in(file); !place.empty()) {
    std::printf("delivered up to %s\n", place.c_str());
    return 0;
  }
  Positions positions(file);
  positions.load();
  if (!positions.was_there()) {
    std::fprintf(stderr, "stook: no positions in %s; a source writes them there when its state_file says so\n",
                 file.c_str());
    return 3;
  }
  std::printf("%20s  %-20s  %s\n", "delivered bytes", "seen", "file");
  for (const auto& [inode, position] : positions.by_inode) {
    char seen[32] = "";
    std::time_t time = position.seen;
    std::tm utc{};
    gmtime_r(&time, &utc);
    std::strftime(seen, sizeof seen, "%Y-%m-%dT%H:%M:%SZ", &utc);
    std::printf("%20" PRIu64 "  %-20s  %s%s\n", position.identity.offset, seen, position.path.c_str(),
                line_words(position.line));
  }
  std::printf("%zu file%s; files that are not listed begin at their %s\n", positions.by_inode.size(),
              positions.by_inode.size() == 1 ? "" : "s", positions.enters_at_end ? "end" : "begin");
  return 0;
}

/// Replaces what is there, whole or damaged, by positions without any file. The owner stays.
int reset(const std::string& file, bool from_end) {
  if (!place_in(file).empty()) {
    std::fprintf(stderr, "stook: %s holds one place; remove it, and the source begins at its start_at\n", file.c_str());
    return 2;
  }
  struct stat status {};
  if (stat(file.c_str(), &status) != 0 && stat((file + ".old").c_str(), &status) != 0) {
    std::fprintf(stderr, "stook: no positions in %s: %s\n", file.c_str(), std::strerror(errno));
    return 3;
  }
  Positions positions(file);
  try {
    positions.load();  // the next version has to be newer than all that are whole
  } catch (const SetupError&) {
    // None is whole, so none can be newer.
  }
  positions.by_inode.clear();
  positions.enters_at_end = from_end;
  if (!positions.save(0)) {
    std::fprintf(stderr, "stook: %s; the former positions are as they were\n", positions.reason().c_str());
    return 3;
  }
  if (chown(file.c_str(), status.st_uid, status.st_gid) != 0) {
    std::fprintf(stderr, "stook: cannot give %s to its former owner: %s\n", file.c_str(), std::strerror(errno));
    return 3;
  }
  std::printf("%s: at the next start all files are %s\n", file.c_str(),
              from_end ? "entered at their end" : "read from their begin");
  return 0;
}

}  // namespace

int state_command(const std::vector<std::string>& words) {
  bool is_show = words.size() == 2 && words[0] == "show";
  bool is_reset = words.size() == 3 && words[0] == "reset" && (words[2] == "--from-start" || words[2] == "--from-end");
  if (!is_show && !is_reset) {
    std::fputs("usage: stook state show FILE\n       stook state reset FILE --from-start | --from-end\n", stderr);
    return 2;
  }
  try {
    return is_show ? show(words[1]) : reset(words[1], words[2] == "--from-end");
  } catch (const SetupError& error) {
    std::fprintf(stderr, "stook: %s\n", error.what());
    return 3;
  }
}

}  // namespace stook
