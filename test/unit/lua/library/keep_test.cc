// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/base/clock.hh"
#include "core/lua/library/kept_values.hh"
#include "core/lua/library/shared_values.hh"
#include "test/unit/lua/library/library_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// A folder for kept dictionaries; afterwards there is none again.
class KeptFolder {
 public:
  KeptFolder() {
    char made[] = "/tmp/stook-keep-XXXXXX";
    folder_ = mkdtemp(made);
    keep_values_in(folder_);
  }
  ~KeptFolder() {
    keep_values_in("");
    std::system(("rm -r " + folder_).c_str());
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }

 private:
  std::string folder_;
};

SharedValue text(std::string_view value) {
  SharedValue made;
  made.kind = SharedValue::Kind::Text;
  made.text = value;
  return made;
}
SharedValue number(int64_t value) {
  SharedValue made;
  made.kind = SharedValue::Kind::Integer;
  made.integer = value;
  return made;
}
}  // namespace

TEST_CASE("a kept dictionary comes back out of its file, whichever process reads it") {
  KeptFolder folder;
  SharedValues& first = *kept_values("one");
  first.set("name", text("ann"), 0, false, monotonic_ns());
  first.set("n", number(INT64_MIN), 0, false, monotonic_ns());
  first.set("soon", number(1), int64_t{3600} * 1'000'000'000, false, monotonic_ns());
  first.set("gone", number(1), 1, false, monotonic_ns());
  save_kept_values();
  folder.write("two.keep", folder.read("one.keep"));  // as the next process would find it
  SharedValues& second = *kept_values("two");
  CHECK(second.size() == 3);
  CHECK(second.get("name", monotonic_ns()).text == "ann");
  CHECK(second.get("n", monotonic_ns()).integer == INT64_MIN);
  CHECK(second.get("soon", monotonic_ns()).integer == 1);
  CHECK(second.get("soon", monotonic_ns() + int64_t{3601} * 1'000'000'000).kind == SharedValue::Kind::None);
}

TEST_CASE("a torn file is passed over for the one before, and damage is told") {
  KeptFolder folder;
  SharedValues& first = *kept_values("torn");
  first.set("n", number(1), 0, false, monotonic_ns());
  save_kept_values();
  first.set("n", number(2), 0, false, monotonic_ns());
  save_kept_values();
  std::string newest = folder.read("torn.keep");
  for (size_t cut : {size_t{1}, size_t{5}, newest.size() / 2, newest.size()}) {
    std::string name = "torn-" + std::to_string(cut);
    folder.write(name + ".keep", newest.substr(0, newest.size() - cut));
    folder.write(name + ".keep.old", folder.read("torn.keep.old"));
    CHECK(kept_values(name)->get("n", 0).integer == 1);
  }
  folder.write("bad.keep", newest.substr(0, newest.size() - 1));
  CHECK_THROWS_WITH(kept_values("bad"), folder.path("bad.keep") + " is damaged; take it away to begin with nothing");
}

TEST_CASE("nothing is written when nothing has changed") {
  KeptFolder folder;
  kept_values("still")->set("n", number(1), 0, false, monotonic_ns());
  save_kept_values();
  std::remove(folder.path("still.keep").c_str());
  save_kept_values();
  CHECK(folder.read("still.keep").empty());
  kept_values("still")->add("n", number(1), 0, monotonic_ns());
  save_kept_values();
  CHECK(folder.read("still.keep").rfind("stook-keep 1 ", 0) == 0);
}

TEST_CASE("stook.keep is opened when the script starts, under a name that is a file's") {
  Rig rig = lua_rig("local k = stook.keep('of_script') function filter(rec) rec.n = k:add('n') end");
  rig.row("in", "x").row("in", "y").run();
  CHECK(rig.cell("n", 1)->integer == 2);
  for (const char* name : {"", "../x", "a/b", ".", "a.b"}) {
    CHECK(refusal("stook.keep('" + std::string(name) + "') function filter(rec) end")
              .find("is no name; it has letters") != std::string::npos);
  }
  CHECK(value_of("stook.keep('x')") ==
        "error: stook.keep: it is opened when the script starts, outside of its functions or in setup");
}
