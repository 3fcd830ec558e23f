// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/owners.hh"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace stook;
namespace fs = std::filesystem;

namespace {

/// A folder of mode 0755 with a script in a folder of its own, and a state folder.
class Tree {
 public:
  Tree() {
    char name[] = "/tmp/stook-owners-XXXXXX";
    root = fs::canonical(::mkdtemp(name));
    fs::create_directory(root / "scripts");
    fs::create_directory(root / "state");
    std::ofstream(at("scripts/a.lua")) << "x\n";
    for (const char* path : {"", "scripts", "scripts/a.lua", "state"}) {
      mode(path, 0755);
    }
    needs.trusted = {at("scripts/a.lua")};
    needs.state_folders = {at("state"), at("not there")};
  }
  ~Tree() { fs::remove_all(root); }
  std::string at(const char* path) const { return (root / path).string(); }
  void mode(const char* path, mode_t mode) const { REQUIRE(::chmod(at(path).c_str(), mode) == 0); }
  std::vector<std::string> faults() const { return owner_faults(needs, ::getuid()); }

  fs::path root;
  PlanNeeds needs;
};

}  // namespace

TEST_CASE("files of one's own that others may only read are right") {
  Tree tree;
  CHECK(tree.faults().empty());  // below /tmp, whose sticky bit keeps others off
}

TEST_CASE("whoever may write a script, or a folder above it, is named with the way to mend it") {
  Tree tree;
  tree.mode("scripts/a.lua", 0646);
  CHECK(tree.faults() ==
        std::vector<std::string>{tree.at("scripts/a.lua") +
                                 " may be written by others, who decide by it what stookd does; chmod go-w " +
                                 tree.at("scripts/a.lua")});
  tree.mode("scripts/a.lua", 0644);
  tree.mode("scripts", 0757);
  REQUIRE(tree.faults().size() == 1);
  CHECK(tree.faults()[0].ends_with("chmod go-w " + tree.at("scripts")));
  tree.mode("scripts", 01777);
  CHECK(tree.faults().empty());
}

TEST_CASE("of a folder of modules each script counts, and a sticky bit does not help") {
  Tree tree;
  fs::create_directories(tree.root / "scripts/net");
  std::ofstream(tree.at("scripts/net/b.lua")) << "x\n";
  std::ofstream(tree.at("scripts/notes.txt")) << "x\n";
  tree.mode("scripts/net", 0755);
  tree.mode("scripts/net/b.lua", 0644);
  tree.mode("scripts/notes.txt", 0666);
  tree.needs.trusted = {tree.at("scripts/")};
  CHECK(tree.faults().empty());
  tree.mode("scripts/net/b.lua", 0666);
  REQUIRE(tree.faults().size() == 1);
  CHECK(tree.faults()[0].ends_with("chmod go-w " + tree.at("scripts/net/b.lua")));
  tree.mode("scripts/net/b.lua", 0644);
  tree.mode("scripts", 01777);
  REQUIRE(tree.faults().size() == 1);
  CHECK(tree.faults()[0].ends_with("chmod go-w " + tree.at("scripts")));
}

TEST_CASE("the folder behind a link counts, and the one that the link is in") {
  Tree tree;
  fs::create_directory(tree.root / "links");
  fs::create_symlink(tree.root / "scripts/a.lua", tree.root / "links/b.lua");
  tree.needs.trusted = {tree.at("links/b.lua")};
  tree.mode("links", 0755);
  CHECK(tree.faults().empty());
  tree.mode("links", 0777);
  tree.mode("scripts", 0777);
  REQUIRE(tree.faults().size() == 2);
  CHECK(tree.faults()[0].ends_with(tree.at("scripts")));
  CHECK(tree.faults()[1].ends_with(tree.at("links")));
}

TEST_CASE("state is nobody else's") {
  Tree tree;
  tree.mode("state", 0772);
  REQUIRE(tree.faults().size() == 1);
  CHECK(tree.faults()[0].ends_with("chmod 0700 " + tree.at("state")));
  tree.mode("state", 0700);
  std::vector<std::string> faults = owner_faults(tree.needs, ::getuid() + 12345);
  REQUIRE_FALSE(faults.empty());
  CHECK(faults.back().find("chown -R " + std::to_string(::getuid() + 12345)) != std::string::npos);
}

TEST_CASE("a file of somebody who is neither root nor the user is refused") {
  if (::getuid() != 0) {
    WARN("only root gives files away");
    return;
  }
  Tree tree;
  REQUIRE(::chown(tree.at("scripts/a.lua").c_str(), 12345, 0) == 0);
  REQUIRE(tree.faults().size() == 1);
  CHECK(tree.faults()[0].find("belongs to 12345") != std::string::npos);
  CHECK(owner_faults(tree.needs, 12345).size() == 1);  // the script is right, and the state folder is root's
}
