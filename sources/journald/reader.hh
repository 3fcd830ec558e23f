// SPDX-License-Identifier: Apache-2.0
/// journalctl as a child, and the entries that it writes. Room: the source's front.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/child.hh"
#include "core/api/murmur.hh"
#include "core/api/option.hh"
#include "core/api/source.hh"
#include "sources/journald/entry.hh"

namespace stook {

enum class JournalStart : uint8_t { Beginning, End };
template <>
inline constexpr std::string_view choice_names<JournalStart>[] = {"beginning", "end"};

struct JournaldConfig {
  std::vector<std::string> units;
  std::vector<std::string> match;
  JournalStart start_at;
  std::string state_file;
  bool follows;
  std::string folder;
  std::string name_space;
  std::string program;
  Size max_entry;
};

/// What journalctl is called with to go on behind a cursor, or to begin when it is empty.
std::vector<std::string> journal_words(const JournaldConfig& config, const std::string& after);
/// How many entries are between two cursors, by the numbers in them; 0 when these are not of one sequence and
/// one boot.
uint64_t journal_gap(std::string_view after, std::string_view before);

/// *Invariants:* `rest_` is what was read and not yet cut, at most one read.
/// *Rooms:* its source's front.
class JournalReader {
 public:
  JournalReader(const JournaldConfig& config, std::string_view id)
      : config_(config), murmur_(id), entry_(config.max_entry.bytes) {}

  /// Whole: `entry` is one. More: nothing more without a read. End: the child has closed its output.
  enum class Step : uint8_t { Whole, More, End, Damaged };

  /// Starts the child. Throws SetupError. REQUIRES: !is_open().
  void open(Loop& loop, const std::string& after) ROOM(front);
  bool is_open() const ROOM(front) { return static_cast<bool>(fd_); }
  int fd() const ROOM(front) { return fd_.get(); }
  /// There is something to do without a read.
  bool has_bytes() const ROOM(front) { return is_whole_ || !rest_.empty(); }
  /// The entry that was not taken yet, else the next one, after a read when there is none.
  [[nodiscard]] Step read(Feed& feed) ROOM(front);
  /// The entry was taken; the next one of what was read.
  [[nodiscard]] Step next() ROOM(front);
  const JournalEntry& entry() const ROOM(front) { return entry_; }
  /// The child has closed its output and is about to end by itself; a part of an entry is forgotten.
  Ending close() ROOM(front);
  /// Kills it.
  void abandon() ROOM(front);

 private:
  void on_murmur() ROOM(front);

  const JournaldConfig& config_;
  Child child_;
  Murmur murmur_;
  Watcher murmur_watch_;
  JournalEntry entry_;
  Fd fd_;
  std::unique_ptr<char[]> piece_;
  std::string_view rest_;
  bool is_whole_ = false;
};

}  // namespace stook
