// SPDX-License-Identifier: Apache-2.0
/// Which names are those of rotated logs, and which file is the copy of another.
#include "sources/tail/copy.hh"

#include <fcntl.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/base/fd.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

Identity identity(const TempFolder& folder, const std::string& name, uint64_t offset) {
  Fd fd(open(folder.path(name).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  REQUIRE(fstat(fd.get(), &status) == 0);
  return {inode_of(fd.get(), status), head_of(fd.get(), offset), marker_of(fd.get(), offset), offset};
}

TEST_CASE("names that rotation makes are told from others that begin alike") {
  for (const char* name :
       {"/l/a.log.1", "/l/a.log-20261121", "/l/a.log.2026-11-21T13:00", "/l/a.log.old", "/l/a.log_7"}) {
    CHECK(is_rotated_name(name, "/l/a.log"));
  }
  for (const char* name :
       {"/l/a.log", "/l/a.log.", "/l/a.log.gz", "/l/a.log.1.gz", "/l/a.log1", "/l/a.log.sorted", "/l/b.log.1"}) {
    CHECK_FALSE(is_rotated_name(name, "/l/a.log"));
  }
}

TEST_CASE("a rotated name leads back to those it may have been made of") {
  std::vector<std::string> names = names_before_rotation("/l/a.log.1");
  CHECK(std::find(names.begin(), names.end(), "/l/a.log") != names.end());
  names = names_before_rotation("/l/a-20261121.log");
  CHECK(std::find(names.begin(), names.end(), "/l/a.log") != names.end());
  CHECK(names_before_rotation("/l/a").empty());
}

TEST_CASE("the copy is the file with the former head and marker, the name of which begins alike") {
  TempFolder folder;
  std::string text = "one\ntwo\nthree\n";
  folder.write("in.log", text);
  Identity former = identity(folder, "in.log", 8);
  CHECK_FALSE(find_copy(folder.path("in.log"), former));
  folder.write("out.log", text);
  folder.write("in.log.2", "one\ntwo");
  folder.write("in.log.3", "one\nTWO\nthree\n");
  CHECK_FALSE(find_copy(folder.path("in.log"), former));
  folder.write("in.log.1", text);
  auto copy = find_copy(folder.path("in.log"), former);
  REQUIRE(copy);
  CHECK(copy->path == folder.path("in.log.1"));
  former.offset = 0;
  CHECK_FALSE(find_copy(folder.path("in.log"), former));
}

TEST_CASE("rotated files count when they were made since, as far as the file system tells") {
  TempFolder folder;
  folder.write("in.log", "one\n");
  folder.write("in.log.1", "two\n");
  folder.write("in.log.sorted", "three\n");
  std::vector<FoundFile> found = find_rotated(folder.path("in.log"), 0);
  CHECK(found.size() <= 1);
  CHECK((found.empty() || found[0].path == folder.path("in.log.1")));
  CHECK(find_rotated(folder.path("in.log"), INT64_MAX).empty());
}

}  // namespace
}  // namespace stook::test
