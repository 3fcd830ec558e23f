// SPDX-License-Identifier: Apache-2.0
/// What the process of an isolated script sends, be it out of its mind: slips are the same however they are cut, rows are only
/// such as a bundle may hold, a brief and a line of a log are read or refused. The first byte says how the rest is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/data/object.hh"
#include "core/lua/isolate/brief.hh"
#include "core/lua/isolate/relayed_log.hh"
#include "core/lua/isolate/slips.hh"

namespace {

using namespace stook;

void check(const Cell& cell) {
  bool is_object_cell = cell.type == Type::Object && is_object(cell.bytes());
  bool is_address = cell.type == Type::Address && (cell.size == 4 || cell.size == 16);
  bool is_plain = cell.type != Type::Object && cell.type != Type::Address && cell.type < Type::Mixed;
  if (cell.is_json || (!is_object_cell && !is_address && !is_plain)) {
    std::abort();
  }
}

void read_bytes(const Slip& slip) {
  std::string own(slip.bytes);  // so that the sanitizer sees every byte read beyond
  SlipRows rows(own);
  while (!rows.is_empty() && rows.next([](size_t, const Cell& cell) { check(cell); })) {}
  ScriptBrief brief;
  if (read_brief(own, brief) && write_brief(brief).size() != own.size()) {
    std::abort();
  }
  Level level{};
  std::string event;
  Fields fields;
  (void)read_log_line(own, level, event, fields);
}

std::string slips_of(std::string_view bytes, size_t size) {
  SlipCutter cutter(1000);
  std::string all;
  while (!bytes.empty()) {
    std::string block(bytes.substr(0, size));
    bytes.remove_prefix(block.size());
    cutter.add(block);
    Slip slip;
    for (auto step = cutter.next(slip); step != SlipCutter::Step::More; step = cutter.next(slip)) {
      if (step == SlipCutter::Step::Wrong) {
        return all + "!";
      }
      read_bytes(slip);
      all += static_cast<char>('a' + static_cast<int>(slip.kind)) + std::string(slip.bytes) + ";";
    }
  }
  return all + (cutter.has_rest() ? "~" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (slips_of(bytes, 1 + data[0] % 20) != slips_of(bytes, bytes.size() + 1)) {
    std::abort();
  }
  read_bytes({SlipKind::Rows, bytes});
  return 0;
}
