// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/file_fence.hh"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "core/daemon/privileges.hh"
#include "test/unit/daemon/confined_child.hh"

using namespace stook;
namespace fs = std::filesystem;

namespace {

/// A folder with `in/a.log`, `in/link.log` → `elsewhere/b.log`, `out/` and `other/c.log`.
class Tree {
 public:
  Tree() {
    char name[] = "/tmp/stook-fence-XXXXXX";
    root = fs::canonical(::mkdtemp(name));
    for (const char* folder : {"in", "out", "elsewhere", "other"}) {
      fs::create_directory(root / folder);
    }
    for (const char* file : {"in/a.log", "elsewhere/b.log", "other/c.log"}) {
      std::ofstream(root / file) << "x\n";
    }
    fs::create_symlink(root / "elsewhere/b.log", root / "in/link.log");
  }
  ~Tree() { fs::remove_all(root); }
  std::string at(const char* path) const { return (root / path).string(); }

  fs::path root;
};

bool opens(const std::string& path, int how) {
  int fd = ::open(path.c_str(), how | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
  }
  return fd >= 0;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST_CASE("what a path needs is its folder, and that of what a link there leads to") {
  Tree tree;
  PlanNeeds needs;
  needs.reads = {tree.at("in/*.log")};
  needs.writes = {tree.at("out/$host/${time:%Y}.log"), tree.at("out/new/deep/file.log")};
  needs.state_folders = {tree.at("other/state")};
  Reach reach = reach_of(needs, {});
  CHECK(has(reach.reads, tree.at("in")));
  CHECK(has(reach.reads, tree.at("elsewhere")));
  CHECK(has(reach.writes, tree.at("out")));
  CHECK(has(reach.writes, tree.at("other")));  // the folder is not there yet, and has to be made
  CHECK_FALSE(reach.has_read(tree.root.string()));
  CHECK_FALSE(reach.has_write(tree.at("in")));
  CHECK(reach.has_read(tree.at("out/new/deep")));
  CHECK_FALSE(reach.has_read(tree.at("inn")));
  CHECK(reach.has_read("/usr/lib"));
  CHECK(has(reach.writes, "/dev/null"));
  CHECK_FALSE(reach.has_write("/dev"));
}

TEST_CASE("a next configuration is told what it would reach for in vain") {
  Tree tree;
  PlanNeeds needs;
  needs.reads = {tree.at("in/a.log")};
  needs.writes = {tree.at("out/x")};
  Reach reach = reach_of(needs, {});
  CHECK(outside_of(reach, needs, {}).empty());
  PlanNeeds next = needs;
  next.reads.push_back(tree.at("other/c.log"));
  CHECK(outside_of(reach, next, {}) == "read " + tree.at("other"));
  next = needs;
  next.writes.push_back(tree.at("in/written"));
  CHECK(outside_of(reach, next, {}) == "write " + tree.at("in"));
  Settings more;
  more.read_paths = {tree.at("other/")};
  CHECK(outside_of(reach_of(needs, more), next, more) == "write " + tree.at("in"));
}

TEST_CASE("behind the fence only what was named opens") {
  if (landlock_version() == 0) {
    WARN("this kernel has no Landlock");
    return;
  }
  Tree tree;
  PlanNeeds needs;
  needs.reads = {tree.at("in/*.log")};
  needs.writes = {tree.at("out/x.log")};
  CHECK(in_child([&] {
          Reach reach = reach_of(needs, {});
          renounce_new_privileges();
          fence_files(reach, false);
          verify_fence(reach);
          return !opens(tree.at("in/a.log"), O_RDONLY)                                       ? 1
                 : !opens(tree.at("in/link.log"), O_RDONLY)                                  ? 2
                 : opens(tree.at("in/a.log"), O_WRONLY)                                      ? 3
                 : opens(tree.at("in/new.log"), O_WRONLY | O_CREAT)                          ? 4
                 : !opens(tree.at("out/x.log"), O_WRONLY | O_CREAT | O_EXCL)                 ? 5
                 : ::rename(tree.at("out/x.log").c_str(), tree.at("out/y.log").c_str()) != 0 ? 6
                 : !opens(tree.at("out/y.log"), O_RDONLY)                                    ? 7
                 : opens(tree.at("other/c.log"), O_RDONLY)                                   ? 8
                 : ::unlink(tree.at("other/c.log").c_str()) == 0                             ? 9
                 : !opens("/etc/passwd", O_RDONLY)                                           ? 10
                 : !opens("/dev/null", O_RDWR)                                               ? 11
                 : ::mkdir(tree.at("out/sub").c_str(), 0700) != 0                            ? 12
                                                                                             : 0;
        }) == 0);
  CHECK(opens(tree.at("other/c.log"), O_RDWR));
}
