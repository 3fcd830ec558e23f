// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Who stores kept dictionaries. Only kept_values.cc and keeper.cc see it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "core/api/beside_positions.hh"
#include "core/lua/library/each_second.hh"
#include "core/lua/library/kept_file.hh"
#include "core/lua/library/kept_values.hh"

namespace stook {

/// What was done to several dictionaries.
using KeptSums = std::map<KeptValues*, KeptChanges>;
void add_sums(KeptSums& to, const KeptSums& later);

/// What was done for rows that are acknowledged, of one source. `has_rows`: it belongs to their positions.
struct SettledSums {
  KeptSums sums;
  bool has_rows = false;
};

/// *Invariants:* a group in a dictionary's file is there until the positions two generations later are stored, so that
/// whichever of a position file's versions is read again finds what belongs to it. *Rooms:* any.
struct Keeper final : BesidePositions {
  static Keeper& the();

  void begin(std::string_view source, const std::string& file) override;
  std::string precede(const std::string& file, uint64_t generation) override;

  std::shared_ptr<KeptValues> open(std::string_view name);
  void save();
  void forget(const std::string& folder_) {
    std::lock_guard guard(files);
    forget_all(folder_);
  }
  /// REQUIRES: `files` is held.
  void forget_all(const std::string& folder_);

  // Held while files are read and written, and when a script starts: never while rows are worked on.
  std::mutex files;
  std::string folder;
  std::map<std::string, std::shared_ptr<KeptValues>> all;  // shared with the scripts that have it open
  // Held for as long as changes are handed on: by scripts that keep something and by fronts, for each bundle.
  std::mutex lock;
  std::map<std::pair<const void*, uint64_t>, KeptSums> unsettled;  // by ledger and sequence
  std::map<std::string, SettledSums, std::less<>> settled;         // by source; "": of none
  std::map<std::string, std::string, std::less<>> places;          // where sources keep positions
  std::map<const void*, std::string> sources;                      // by ledger
  EachSecond each_second{save_kept_values};

 private:
  void load(KeptValues& kept) const;
  void store(KeptValues& kept, const KeptChanges& changes, const std::string& place, uint64_t generation);
  std::string write(KeptValues& kept) const;
};

}  // namespace stook
