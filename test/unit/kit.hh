// SPDX-License-Identifier: Apache-2.0
/// The kit of unit tests: runs one filter or codec over rows, without an engine.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/plugin.hh"

namespace stook::test {

/// Options as a config gives them: name and text.
using Options = std::vector<std::pair<std::string, std::string>>;

/// The plugin of that kind and name. Fails the test when there is none.
const Plugin& plugin(Kind kind, std::string_view name);

/// A filter or codec with its own little world: schema, dictionary, bundle and selection.
/// Every read and write that the element declares becomes a key; rows are put by name with the cell's own type.
class Rig {
 public:
  /// Throws what the options or `declare` throw: std::invalid_argument for a bad option.
  Rig(Kind kind, std::string_view name, const Options& options = {}, const std::string& folder = ".");

  /// Appends a row with one text cell `key`, copied into the arena.
  Rig& row(std::string_view key, std::string_view text);
  /// Appends a row of cells. Slices must outlive the rig.
  Rig& row(const std::vector<std::pair<std::string, Cell>>& cells);
  /// Runs the filter over all rows; `faults()` are the rows it named.
  Rig& run();
  Rig& tick(int64_t now, bool is_last = false);
  /// What found no room in the bundle: as the engine does, its rows are emptied and filled again. False: nothing waits.
  bool more();
  /// Encodes all selected rows.
  std::string encode();

  /// Row numbers still selected.
  std::vector<int> selected() const;
  std::vector<int> faults() const { return faults_; }
  /// The cell, or null. An object is msgpack, whatever its cell holds.
  const Cell* cell(std::string_view key, size_t row = 0) const;
  /// A selected row as text, keys in KeyId order: `status=404(integer) path="/x"(text)`; bytes escaped by printable().
  std::string show(size_t row = 0) const;
  /// All selected rows, one a line.
  std::string show_all() const;
  const ElementMeter& meter() const { return meter_; }
  const Wiring& wiring() const { return wiring_; }
  /// Forgets all rows and keeps the element: the next bundle.
  void clear();
  /// How many times bundles are held by the element.
  size_t held() const;

 private:
  const Plugin& plugin_;
  std::shared_ptr<void> config_;
  Wiring wiring_;
  KeySchema schema_;
  std::vector<KeyId> in_;
  std::vector<KeyId> out_;
  std::unique_ptr<OpenKeys> keys_;
  std::unique_ptr<Bundle> bundle_;
  std::deque<Receipt> receipts_;  // one for each bundle so far
  mutable std::deque<std::pair<Cell, std::string>> objects_;
  Selection rows_;
  ElementMeter meter_;
  std::unique_ptr<Filter> filter_;
  std::unique_ptr<Codec> codec_;
  std::vector<int> faults_;
};

}  // namespace stook::test
