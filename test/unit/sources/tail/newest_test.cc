// SPDX-License-Identifier: Apache-2.0
/// Which file is the newest, by time and by name.
#include "sources/tail/newest.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

Generations names(const TempFolder& folder, Priority priority, const char* pattern, const char* exclude = "*.gz") {
  Patterns patterns({folder.path(pattern)}, {exclude});
  std::vector<Generations> all = generations_of(patterns.find(), patterns, priority);
  REQUIRE(all.size() == 1);
  for (std::string& path : all[0]) {
    path.erase(0, folder.path().size() + 1);
  }
  return all[0];
}

void touch(const TempFolder& folder, const std::string& name, time_t second) {
  folder.write(name, name);
  timespec times[2] = {{second, 0}, {second, 0}};
  REQUIRE(utimensat(AT_FDCWD, folder.path(name).c_str(), times, 0) == 0);
}

TEST_CASE("the newest comes last, by time or by either end of the names") {
  TempFolder folder;
  touch(folder, "a.log", 200);
  touch(folder, "a.log.1", 300);
  touch(folder, "a.log.2", 100);
  touch(folder, "a.log.10", 50);
  touch(folder, "a.log.3.gz", 400);
  CHECK(names(folder, Priority::Mtime, "a.log*") == Generations{"a.log.10", "a.log.2", "a.log", "a.log.1"});
  CHECK(names(folder, Priority::FirstName, "a.log*") == Generations{"a.log.10", "a.log.2", "a.log.1", "a.log"});
  CHECK(names(folder, Priority::LastName, "a.log*") == Generations{"a.log", "a.log.1", "a.log.2", "a.log.10"});
}

TEST_CASE("each pattern in each folder has a newest of its own") {
  TempFolder folder;
  for (const char* name : {"x", "y"}) {
    REQUIRE(mkdir(folder.path(name).c_str(), 0700) == 0);
    folder.write(std::string(name) + "/a.log", "1");
    folder.write(std::string(name) + "/b.log", "2");
  }
  Patterns patterns({folder.path("*/a*"), folder.path("*/b*")}, {});
  CHECK(generations_of(patterns.find(), patterns, Priority::Mtime).size() == 4);
}

}  // namespace
}  // namespace stook::test
