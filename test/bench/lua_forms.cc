// SPDX-License-Identifier: Apache-2.0
/// What a script costs: ns of CPU for each row, in each form, best of many runs. Rows are those of an access log.
///
///     lua_forms [PART]     prints one line for each case, or for those that have the part in their name
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hh"
#include "test/unit/kit.hh"

using namespace stook;

namespace {
constexpr int rows = 256;

struct Case {
  const char* name;
  const char* script;
  const char* call = "";
};

const Case cases[] = {
    {"positional: 3 reads, 2 writes (integers, a short text)",
     "return { reads = {'status:integer', 'bytes:integer', 'method:text'}, writes = {'kib:integer', 'label:text'},\n"
     "row = function(s, b, m) if s < 100 then return false end return true, b // 1024, m == 'GET' and 'read' or "
     "'write' end }"},
    {"positional: 4 reads (integers), no write",
     "return { reads = {'status:integer', 'bytes:integer', 'n:integer', 'm:integer'},\n"
     "row = function(a, b, c, d) local x = a + b + c + d return true end }"},
    {"positional: 3 distinct texts, no write",
     "return { reads = {'path:text', 'agent:text', 'client'}, row = function(a, b, c) return a ~= b end }"},
    {"record: reads 3, writes 1",
     "function filter(rec) if rec.status < 100 then return false end rec.kib = rec.bytes // 1024\n"
     "if rec.method == 'X' then return false end end"},
    {"record: drops nine of ten at the first access",
     "function filter(rec) if rec.n % 10 ~= 0 then return false end rec.kib = rec.bytes // 1024\n"
     "rec.browser = rec.agent rec.agent = nil end"},
    {"record: renames a text, adds a number",
     "function filter(rec) rec.kib = rec.bytes // 1024 rec.browser = rec.agent rec.agent = nil end"},
    {"record: touches nothing", "function filter(rec) end"},
    {"record: reads 4 integers", "function filter(rec) local x = rec.status + rec.bytes + rec.n + rec.m end"},
    {"record: reads 3 distinct texts", "function filter(rec) local x = rec.path == rec.agent or rec.client == 'x' end"},
    {"four reads, one write: positional",
     "return { reads = {'status:integer', 'bytes:integer', 'method:text', 'path:text'}, writes = {'label:text'},\n"
     "row = function(s, b, m, p) if s < 200 or b < 0 or m == 'PUT' or p == '/x' then return false end return true, "
     "'web' "
     "end }"},
    {"four reads, one write: batch",
     "local s, b, m, p, l, k = {}, {}, {}, {}, {}, {}\n"
     "return { reads = {'status:integer', 'bytes:integer', 'method:text', 'path:text'}, writes = {'label:text'},\n"
     "batch = function(x) x:column(1, s) x:column(2, b) x:column(3, m) x:column(4, p) for i = 1, x.n do\n"
     "k[i] = not (s[i] < 200 or b[i] < 0 or m[i] == 'PUT' or p[i] == '/x') l[i] = 'web' end x:keep(k) x:put(1, l) end "
     "}"},
    {"four reads, one write: record",
     "function filter(r) if r.status < 200 or r.bytes < 0 or r.method == 'PUT' or r.path == '/x' then return false "
     "end\n"
     "r.label = 'web' end"},
    {"four reads, one write: fluent-bit's form",
     "function cb(tag, ts, r) if r.status < 200 or r.bytes < 0 or r.method == 'PUT' or r.path == '/x' then return -1 "
     "end\n"
     "r.label = 'web' return 2, ts, r end",
     "cb"},
    {"record: pairs over 8 keys", "function filter(rec) local n = 0 for k, v in pairs(rec) do n = n + 1 end end"},
};

void fill(test::Rig& rig, const std::vector<std::string>& texts) {
  for (int i = 0; i < rows; i++) {
    rig.row({{"status", Cell::of_integer(200 + i % 300)},
             {"bytes", Cell::of_integer(i * 997)},
             {"method", Cell::of_text(i % 7 == 0 ? "POST" : "GET")},
             {"n", Cell::of_integer(i)},
             {"m", Cell::of_integer(-i)},
             {"path", Cell::of_text(texts[static_cast<size_t>(i)])},
             {"agent", Cell::of_text(texts[static_cast<size_t>(i + rows)])},
             {"client", Cell::of_slice(Type::Address, std::string_view(texts[static_cast<size_t>(i)]).substr(6, 4))}});
  }
}
}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> texts;
  for (int i = 0; i < rows * 2; i++) {
    texts.push_back("/some/path/" + std::to_string(i * 7919) +
                    (i < rows ? "/index.html" : " Mozilla/5.0 (X11; Linux x86_64) like Gecko"));
  }
  char folder[] = "/tmp/stook-bench-XXXXXX";
  std::string place = mkdtemp(folder);
  for (const Case& c : cases) {
    if (argc > 1 && std::string_view(c.name).find(argv[1]) == std::string_view::npos) {
      continue;
    }
    FILE* file = std::fopen((place + "/b.lua").c_str(), "we");
    std::fputs(c.script, file);
    std::fclose(file);
    test::Rig rig(Kind::Filter, "lua", {{"script", "b.lua"}, {"call", c.call}}, place);
    int64_t best = INT64_MAX;
    for (int round = 0; round < 2000; round++) {
      rig.clear();
      fill(rig, texts);
      int64_t start = thread_cpu_ns();
      rig.run();
      best = std::min(best, thread_cpu_ns() - start);
    }
    std::printf("%-58s %6.1f ns/row%s\n", c.name, static_cast<double>(best) / rows,
                rig.faults().empty() ? "" : "  FAULTS");
  }
  ::unlink((place + "/b.lua").c_str());
  ::rmdir(place.c_str());
  return 0;
}
