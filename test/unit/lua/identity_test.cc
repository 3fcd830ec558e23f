// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "test/unit/lua/documents.hh"
#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr size_t keys = 6;
constexpr size_t rows = 250;
constexpr int rounds = 400;

struct Way {
  const char* script;
  Options options;
  bool comes_at_tick;
};

const std::vector<Way>& ways() {
  static const char* const typed =
      "reads = { '?k0', '?k1', '?k2', '?k3', '?k4', '?k5' }, writes = { 'k0', 'k1', 'k2', 'k3', 'k4', 'k5' }";
  static const std::string row = std::string("return { ") + typed + ", row = function(...) return true, ... end }";
  static const std::string batch =
      std::string("return { ") + typed + ", batch = function(b) for i = 1, 6 do b:put(i, b:column(i)) end end }";
  static const std::vector<Way> all = {
      {"function filter(rec) end", {}, false},
      {"function filter(rec) for k, v in pairs(rec) do rec[k] = v end end", {}, false},
      {"function filter(rec) emit(rec) return false end", {}, false},
      {"local all = {} function filter(rec) all[#all + 1] = hold() end function tick() all = {} end", {}, true},
      {row.c_str(), {}, false},
      {batch.c_str(), {}, false},
      {"return { batch = function(b) for i = 1, b.n do local r = b:row(i) for k, v in pairs(r) do r[k] = v end end end "
       "}",
       {},
       false},
      {"function cb(tag, ts, record) return 0, ts, record end", {{"call", "cb"}}, false},
      {"function cb(tag, ts, record) return 1, ts, record end", {{"call", "cb"}}, false},
      {"function cb(tag, ts, record) local r = {} for k, v in pairs(record) do r[k] = v end return 2, ts, r end",
       {{"call", "cb"}, {"enable_flb_null", "yes"}},
       false},
  };
  return all;
}

using Document = std::vector<std::pair<std::string, Cell>>;

/// Documents of up to six keys; some of their values are objects, whose bytes are in `store`.
std::vector<Document> make_documents(std::mt19937_64& random, std::vector<std::string>& store) {
  static const std::string names[keys] = {"k0", "k1", "k2", "k3", "k4", "k5"};
  std::vector<char> buffer(16384);
  store.clear();
  store.reserve(rows * keys);
  std::vector<Document> documents(rows);
  for (Document& document : documents) {
    for (const std::string& name : names) {
      uint64_t pick = random() % 8;
      if (pick == 0) {
        store.emplace_back(buffer.data(), put_random(buffer.data(), random, 0));
        document.emplace_back(name, Cell::of_slice(Type::Object, store.back()));
      } else if (pick < 7) {
        document.emplace_back(name, extremes()[random() % extremes().size()]);
      }
    }
  }
  return documents;
}

void check(const Way& way, Rig& rig, const std::vector<Document>& documents) {
  rig.clear();
  for (const Document& document : documents) {
    rig.row(document);
  }
  rig.run();
  if (!rig.faults().empty()) {
    FAIL("a row failed: " << way.script);
  }
  if (way.comes_at_tick) {
    rig.tick(1, true);
  }
  std::vector<int> selected = rig.selected();
  CAPTURE(way.script);
  REQUIRE(selected.size() == documents.size());
  for (size_t i = 0; i < documents.size(); i++) {
    size_t at = 0;
    for (size_t k = 0; k < keys; k++) {
      const Cell* cell = rig.cell("k" + std::to_string(k), static_cast<size_t>(selected[i]));
      bool has = at < documents[i].size() && documents[i][at].first[1] == static_cast<char>('0' + k);
      bool is_right = has ? is_same(cell, documents[i][at].second) : cell == nullptr;
      if (!is_right) {
        CAPTURE(i, k);
        FAIL("a value has changed");
      }
      at += has ? 1 : 0;
    }
  }
}
}  // namespace

TEST_CASE("a hundred thousand documents come out of every form as they went in") {
  uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<std::unique_ptr<Rig>> rigs;
  for (const Way& way : ways()) {
    rigs.emplace_back(new Rig(lua_rig(way.script, way.options)));  // a rig does not move
  }
  std::vector<std::string> store;
  for (int round = 0; round < rounds; round++) {
    std::vector<Document> documents = make_documents(random, store);
    for (size_t i = 0; i < rigs.size(); i++) {
      check(ways()[i], *rigs[i], documents);
    }
  }
}
