// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/api/beside_positions.hh"
#include "core/api/cursor.hh"
#include "core/base/clock.hh"
#include "core/data/receipt.hh"
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

/// What one process does to dictionaries: at once, or for the bundles of a source.
struct Doer {
  void set(std::string_view name, std::string_view key, const SharedValue& value, int64_t lives = 0) {
    kept_values(name)->set(key, value, lives, false);
  }
  void add(std::string_view name, int64_t by, uint64_t sequence) {
    Receipt receipt;
    receipt.open(ledger, sequence);
    KeptJournal::of_thread().open();
    kept_values(name)->add("n", number(by), 0);
    KeptJournal::of_thread().close(&receipt);
  }
  Ledger* ledger = reinterpret_cast<Ledger*>(this);  // an address that is no other ledger's
};

SharedValue value_in(std::string_view name, std::string_view key) {
  return kept_values(name)->values.get(key, monotonic_ns());
}

std::string positions_text(uint64_t generation) {
  return show_cursor("here", generation);
}

}  // namespace

TEST_CASE("a kept dictionary comes back out of its file, whichever process reads it") {
  KeptFolder folder;
  Doer doer;
  doer.set("one", "name", text("ann"));
  doer.set("one", "n", number(INT64_MIN));
  doer.set("one", "soon", number(1), int64_t{3600} * 1'000'000'000);
  doer.set("one", "gone", number(1), 1);
  save_kept_values();
  folder.write("two.keep", folder.read("one.keep"));  // as the next process would find it
  SharedValues& second = kept_values("two")->values;
  CHECK(second.size() == 3);
  CHECK(value_in("two", "name").text == "ann");
  CHECK(value_in("two", "n").integer == INT64_MIN);
  CHECK(second.get("soon", monotonic_ns()).integer == 1);
  CHECK(second.get("soon", monotonic_ns() + int64_t{3601} * 1'000'000'000).kind == SharedValue::Kind::None);
}

TEST_CASE("a torn file is passed over for the one before, and damage is told") {
  KeptFolder folder;
  Doer doer;
  doer.set("torn", "n", number(1));
  save_kept_values();
  doer.set("torn", "n", number(2));
  save_kept_values();
  std::string newest = folder.read("torn.keep");
  for (size_t cut : {size_t{1}, size_t{5}, newest.size() / 2, newest.size()}) {
    std::string name = "torn-" + std::to_string(cut);
    folder.write(name + ".keep", newest.substr(0, newest.size() - cut));
    folder.write(name + ".keep.old", folder.read("torn.keep.old"));
    CHECK(value_in(name, "n").integer == 1);
  }
  folder.write("bad.keep", newest.substr(0, newest.size() - 1));
  CHECK_THROWS_WITH(kept_values("bad"), folder.path("bad.keep") + " is damaged; take it away to begin with nothing");
}

TEST_CASE("nothing is written when nothing has changed") {
  KeptFolder folder;
  Doer doer;
  doer.set("still", "n", number(1));
  save_kept_values();
  std::remove(folder.path("still.keep").c_str());
  save_kept_values();
  CHECK(folder.read("still.keep").empty());
  doer.set("still", "n", number(2));
  save_kept_values();
  CHECK(folder.read("still.keep").rfind("stook-keep 2 ", 0) == 0);
}

TEST_CASE("what was done for rows is stored with the positions behind them, and read only when those are") {
  KeptFolder folder;
  Doer doer;
  std::string place = folder.path("in.pos");
  kept_begins(doer.ledger, "in");
  begin_positions("in", place);
  doer.add("sum", 1, 0);
  doer.add("sum", 10, 1);
  doer.add("sum", 100, 2);
  CHECK(value_in("sum", "n").integer == 111);
  kept_settled(doer.ledger, 0, true);
  save_kept_values();
  CHECK(folder.read("sum.keep").empty());  // it waits for the positions
  REQUIRE(keep_positions(place, 1, positions_text(1)).empty());
  auto next_process = [&](const std::string& name) {
    folder.write(name + ".keep", folder.read("sum.keep"));
    return value_in(name, "n").integer;
  };
  CHECK(next_process("first") == 1);
  kept_settled(doer.ledger, 1, true);
  REQUIRE(keep_positions(place, 2, positions_text(2)).empty());
  CHECK(next_process("second") == 11);
  folder.write("in.pos", positions_text(1));  // as if the second one had not come to the disk
  CHECK(next_process("third") == 1);
  folder.write("in.pos", "torn");  // and in.pos.old is the first one
  CHECK(next_process("fourth") == 1);
  folder.write("in.pos", positions_text(2));
  kept_settled(doer.ledger, 2, true);
  REQUIRE(keep_positions(place, 3, positions_text(3)).empty());
  CHECK(next_process("fifth") == 111);
}

TEST_CASE("what a tick did is stored at once, unless it follows rows that wait") {
  KeptFolder folder;
  Doer doer;
  kept_begins(doer.ledger, "in");
  begin_positions("in", folder.path("in.pos"));
  doer.add("ticks", 1, 0);
  kept_settled(doer.ledger, 0, false);
  save_kept_values();
  CHECK_FALSE(folder.read("ticks.keep").empty());
  folder.write("copy.keep", folder.read("ticks.keep"));
  CHECK(value_in("copy", "n").integer == 1);
  doer.add("ticks", 1, 1);
  doer.add("ticks", 1, 2);
  kept_joined(doer.ledger, 2);  // a tick behind a bundle that is held
  kept_settled(doer.ledger, 1, true);
  std::string before = folder.read("ticks.keep");
  save_kept_values();
  CHECK(folder.read("ticks.keep") == before);
}

TEST_CASE("a source without positions has its changes stored when they are settled, and not before") {
  KeptFolder folder;
  Doer doer;
  kept_begins(doer.ledger, "udp");
  doer.add("loose", 5, 0);
  doer.add("loose", 50, 1);
  save_kept_values();
  CHECK(folder.read("loose.keep").empty());
  kept_settled(doer.ledger, 0, true);
  save_kept_values();
  folder.write("copy.keep", folder.read("loose.keep"));
  CHECK(value_in("copy", "n").integer == 5);
}

TEST_CASE("changes of a key follow each other") {
  KeptEntries entries;
  KeptChanges changes;
  using Kind = KeptChange::Kind;
  auto entry = [&] {
    store_changes(changes, entries);
    changes.clear();
    return entries.count("k") == 0 ? -1 : entries["k"].value.integer;
  };
  add_change(changes, "k", {Kind::Add, number(1), 0, 1});
  add_change(changes, "k", {Kind::Add, number(2), 0, 2});
  CHECK(entry() == 3);
  add_change(changes, "k", {Kind::Add, number(4), 0, 3});
  CHECK(entry() == 7);
  add_change(changes, "k", {Kind::Set, number(10), 20, 4});
  add_change(changes, "k", {Kind::Add, number(1), 0, 5});
  CHECK(entry() == 11);
  add_change(changes, "k", {Kind::Add, number(1), 0, 21});  // it has expired by then
  CHECK(entry() == 1);
  add_change(changes, "k", {Kind::Take, {}, 0, 22});
  add_change(changes, "k", {Kind::Add, number(6), 0, 23});
  CHECK(entry() == 6);
  add_change(changes, "k", {Kind::Take, {}, 0, 24});
  CHECK(entry() == -1);
}

TEST_CASE("a script's changes belong to its bundle") {
  KeptFolder folder;
  Rig rig =
      lua_rig("local k = stook.keep('of_bundle') k:set('start', true) function filter(rec) rec.n = k:add('n') end");
  rig.row("in", "x").run();
  save_kept_values();
  folder.write("before.keep", folder.read("of_bundle.keep"));
  CHECK(value_in("before", "start").integer == 1);
  CHECK(value_in("before", "n").kind == SharedValue::Kind::None);
  kept_settled(nullptr, 1, true);  // the rig counts its bundles from 1, without a ledger
  save_kept_values();
  folder.write("after.keep", folder.read("of_bundle.keep"));
  CHECK(value_in("after", "n").integer == 1);
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
