// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <fstream>

#include "core/lua/library/tables.hh"
#include "test/unit/lua/library/library_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// A folder with a script and the files that it looks things up in.
class Shelf {
 public:
  Shelf() {
    char folder[] = "/tmp/stook-lookup-XXXXXX";
    folder_ = mkdtemp(folder);
  }
  ~Shelf() { std::system(("rm -r " + folder_).c_str()); }

  void put(const std::string& name, std::string_view bytes) {
    std::ofstream(folder_ + "/" + name + ".new", std::ios::binary) << bytes;
    std::rename((folder_ + "/" + name + ".new").c_str(), (folder_ + "/" + name).c_str());
  }
  /// A rig whose rows get `out` from the expression; `start` runs when the script starts.
  Rig rig(const std::string& start, const std::string& expression) {
    put("t.lua", std::string(show_values) + start + "\nfunction filter(rec) rec.out = shown(pcall(function() return " +
                     expression + " end)) end");
    return Rig(Kind::Filter, "lua", {{"script", "t.lua"}}, folder_);
  }
  std::string out(const std::string& start, const std::string& expression) {
    try {
      Rig made = rig(start, expression);
      return next(made);
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  static std::string next(Rig& rig) {
    rig.row("in", "x").run();
    return rig.faults().empty() ? std::string(rig.cell("out", 0)->bytes()) : "fault";
  }

 private:
  std::string folder_;
};

constexpr const char* hosts =
    "ip,name,owner\n10.0.0.1,db1,\"ann, \"\"the\"\" admin\"\r\n10.0.0.2,web1,bob\n\n10.0.0.1,again,x\n";

/// The smallest file of MaxMind's format: one node, whose left side is the network 0.0.0.0/1.
std::string small_mmdb() {
  auto text = [](std::string_view t) { return std::string(1, static_cast<char>(0x40 | t.size())) + std::string(t); };
  auto number = [](char head, uint32_t value, int size, bool is_extended) {
    std::string out(1, is_extended ? static_cast<char>(size) : static_cast<char>(head << 5 | size));
    if (is_extended) {
      out += static_cast<char>(head - 7);
    }
    for (int i = size - 1; i >= 0; i--) {
      out += static_cast<char>(value >> (8 * i));
    }
    return out;
  };
  std::string tree("\0\0\x11\0\0\x01", 6);
  std::string data = "\xe2" + text("name") + text("low") + text("size") + number(6, 70000, 4, false);
  std::string about = "\xe9" + text("node_count") + number(6, 1, 4, false) + text("record_size") +
                      number(5, 24, 2, false) + text("ip_version") + number(5, 4, 2, false) + text("database_type") +
                      text("t") + text("languages") + std::string("\x00\x04", 2) + text("binary_format_major_version") +
                      number(5, 2, 2, false) + text("binary_format_minor_version") + number(5, 0, 2, false) +
                      text("build_epoch") + number(9, 1, 4, true) + text("description") + "\xe0";
  return tree + std::string(16, '\0') + data + "\xab\xcd\xefMaxMind.com" + about;
}
}  // namespace

TEST_CASE("stook.lookup finds rows of CSV and values of msgpack") {
  Shelf shelf;
  shelf.put("hosts.csv", hosts);
  std::string start = "local hosts = stook.lookup('hosts.csv')";
  CHECK(shelf.out(start, "hosts:get('10.0.0.1')") == R"({"ip":"10.0.0.1","name":"db1","owner":"ann, \"the\" admin"})");
  CHECK(
      shelf.out(start,
                "hosts:get('10.0.0.2', 'owner'), hosts:get('10.0.0.2', 'x'), hosts:get('10.0.0.3'), hosts:get(nil)") ==
      "\"bob\", nil, nil, nil");
  CHECK(shelf.out("local names = stook.lookup('hosts.csv', 'name')", "names:get('web1', 'ip')") == "\"10.0.0.2\"");
  shelf.put("codes.msgpack", std::string("\x82\xa3"
                                         "200\xa2ok\xa3"
                                         "500\x81\xa3why\x93\x01\x02\xc0",
                                         21));
  start = "local codes = stook.lookup('codes.msgpack')";
  CHECK(shelf.out(start, "codes:get(200), codes:get('500'), codes:get('500', 'why'), codes:get('200', 'why')") ==
        R"("ok", {"why":[1,2,null]}, [1,2,null], nil)");
}

TEST_CASE("stook.lookup says what is wrong with a file") {
  Shelf shelf;
  shelf.put("bad.csv", "a,b\n1,2\n1,2,3\n");
  shelf.put("bad.msgpack", "\x93");
  CHECK(shelf.out("stook.lookup('bad.csv')", "1").find("stook.lookup: row 3 of ") != std::string::npos);
  CHECK(shelf.out("stook.lookup('bad.csv', 'c')", "1").find("has no column 'c'") != std::string::npos);
  CHECK(shelf.out("stook.lookup('bad.msgpack')", "1").find("is no table; it would be one map of msgpack") !=
        std::string::npos);
  CHECK(shelf.out("stook.lookup('none.csv')", "1").find("cannot be opened: No such file") != std::string::npos);
  CHECK(shelf.out("stook.lookup('none.txt')", "1").find("it would be .csv, .msgpack or .mmdb") != std::string::npos);
  for (const char* name : {"/etc/x.csv", "../x.csv", "a/../../x.csv", "/x.msgpack"}) {
    CAPTURE(name);
    CHECK(shelf.out("stook.lookup('" + std::string(name) + "')", "1").find("a table lies in the script's folder") !=
          std::string::npos);
  }
  CHECK(shelf.out("", "stook.lookup('bad.csv')") ==
        "error: stook.lookup: a table is opened when the script starts, outside of its functions or in setup");
}

TEST_CASE("a table that changes is read again, and only when it can be") {
  Shelf shelf;
  shelf.put("hosts.csv", hosts);
  Rig rig = shelf.rig("local hosts = stook.lookup('hosts.csv')", "hosts:get('10.0.0.1', 'name')");
  CHECK(Shelf::next(rig) == "\"db1\"");
  shelf.put("hosts.csv", "ip,name\n10.0.0.1,moved\n");
  rig.clear();
  look_at_tables();  // it looks new, and may be half written
  look_at_tables();
  CHECK(Shelf::next(rig) == "\"moved\"");
  shelf.put("hosts.csv", "ip,name\n10.0.0.1\n");
  rig.clear();
  look_at_tables();
  look_at_tables();
  CHECK(Shelf::next(rig) == "\"moved\"");
  shelf.put("hosts.csv", "ip,name\n10.0.0.1,again\n");
  rig.clear();
  look_at_tables();
  look_at_tables();
  CHECK(Shelf::next(rig) == "\"again\"");
}

TEST_CASE("stook.lookup finds addresses in MaxMind's format") {
  Shelf shelf;
  shelf.put("small.mmdb", small_mmdb());
  std::string found = shelf.out("local geo = stook.lookup('small.mmdb')",
                                "geo:get('1.2.3.4'), geo:get('1.2.3.4', 'size'), geo:get('200.1.1.1'), geo:get('no')");
  if (found.find("without which this stook was built") != std::string::npos) {
    WARN("no libmaxminddb here");
    return;
  }
  CHECK(found == R"({"name":"low","size":70000}, 70000, nil, nil)");
  shelf.put("bad.mmdb", "no");
  CHECK(shelf.out("stook.lookup('bad.mmdb')", "1").find("cannot be opened: ") != std::string::npos);
}
