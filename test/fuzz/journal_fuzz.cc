// SPDX-License-Identifier: Apache-2.0
/// journald's export format and the kernel's records: whole and in pieces the entries are the same, and memory stays
/// bounded.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/api/cursor.hh"
#include "sources/journald/entry.hh"
#include "sources/kmsg/record.hh"

namespace {

constexpr size_t most = 200;

std::string read_entries(std::string_view bytes, size_t piece) {
  using stook::JournalEntry;
  JournalEntry entry(most);
  std::string all;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    JournalEntry::Step step;
    while ((step = entry.take(part)) == JournalEntry::Step::Whole) {
      size_t size = 0;
      for (size_t i = 0; i < entry.size(); i++) {
        size += entry.value(i).size();
        all.append(entry.name(i)).append("=").append(entry.value(i)).append("|");
      }
      if (size > most) {
        std::abort();
      }
      all += entry.is_truncated() ? "truncated\n" : "\n";
      entry.clear();
    }
    if (step == JournalEntry::Step::Damaged) {
      return all + "damaged";
    }
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // a block of its own, so that the sanitizer sees every byte read beyond
  std::vector<char> block(data, data + size);
  std::string_view bytes(block.data(), block.size());
  std::string whole = read_entries(bytes, size + 1);
  for (size_t piece : {1, 3, 17}) {
    if (read_entries(bytes, piece) != whole) {
      std::abort();
    }
  }
  for (std::string_view rest = bytes; !rest.empty();) {
    size_t end = stook::kernel_record_end(rest, true);
    if (end == 0 || end > rest.size()) {
      std::abort();
    }
    stook::KernelRecord record;
    if (stook::read_kernel_record(rest.substr(0, end), record)) {
      std::vector<char> text(record.message.size());
      if (stook::put_kernel_text(text.data(), record.message) > text.data() + text.size()) {
        std::abort();
      }
    }
    rest.remove_prefix(end);
  }
  std::string cursor;
  uint64_t generation = 0;
  if (stook::read_cursor(bytes, cursor, generation) && stook::show_cursor(cursor, generation) != bytes) {
    std::abort();
  }
  return 0;
}
