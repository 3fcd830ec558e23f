// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Dictionaries that outlive the process: behind `stook.keep`.
///
/// What a script does is seen at once, and stored with the positions of the rows for which it was done: it goes to the
/// ledger's entry of their bundle, from there, when that is settled, to the source, and with the next positions of the
/// source into the file, which is written before those and says to which it belongs (kept_file.hh). So what is found by
/// the next process is what was kept when all rows before its positions had been seen, and none behind. What belongs to no
/// position (of a source that has none, of a script's start, stop or tick) is stored within a second.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/lua/library/kept_changes.hh"

namespace stook {

class Receipt;
struct KeptFile;

/// One of them. *Rooms:* any; what is stored of it is changed by whoever stores it, under a lock.
class KeptValues {
 public:
  explicit KeptValues(std::string name);
  ~KeptValues();
  KeptValues(const KeptValues&) = delete;
  KeptValues& operator=(const KeptValues&) = delete;

  /// As those of SharedValues; the thread's journal takes down what was done.
  bool set(std::string_view key, const SharedValue& value, int64_t lives, bool only_new);
  SharedValue add(std::string_view key, const SharedValue& by, int64_t lives);

  const std::string name;
  SharedValues values;

 private:
  friend struct Keeper;
  bool is_stored_ = false;  // has a file; else it ends with the process
  bool is_dirty_ = false;
  bool has_failed_ = false;
  std::unique_ptr<KeptFile> file_;
};

/// What scripts do on this thread, one bundle after the other.
class KeptJournal {
 public:
  static KeptJournal& of_thread();
  /// What follows belongs to the bundle at hand.
  void open() { is_open_ = true; }
  /// Hands over what was done; null: it belongs to no bundle.
  void close(const Receipt* receipt);
  void put(KeptValues& kept, std::string_view key, const KeptChange& change);

 private:
  bool is_open_ = false;
  std::map<KeptValues*, KeptChanges> changes_;
};

/// Where kept dictionaries lie; empty: they last as long as the process. Called before scripts start; dictionaries of
/// scripts that were only looked at before are forgotten, and those of another folder.
void keep_values_in(const std::string& folder);

/// Forgets all of them, unsaved, and keeps none from here on: a test begins.
void forget_kept_values();

/// The dictionary of that name, read from its file when it is first asked for. Throws std::invalid_argument: the name is
/// none, there are too many, or its files are damaged.
std::shared_ptr<KeptValues> kept_values(std::string_view name);

/// Saves what has changed and belongs to no position. *Rooms:* any; waits for the disk.
void save_kept_values();

// Written when a dictionary is first opened, read by workers and fronts; what it announces is behind a mutex.
inline std::atomic<bool> has_kept_values{false};
/// A source begins with that ledger.
void kept_begins(const void* ledger, std::string_view source);
/// The ledger's entry is final, and the next positions of its source cover it; `has_rows`: it was no tick.
void kept_settled(const void* ledger, uint64_t sequence, bool has_rows);
/// The entry is one with the one before it.
void kept_joined(const void* ledger, uint64_t sequence);

}  // namespace stook
