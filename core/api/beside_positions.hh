// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What has to be stored together with positions, and by whom. Room: a source's front; it waits for the disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stook {

/// Stores something that belongs to positions: what scripts keep about the rows before them.
/// *Rooms:* any front, several at a time.
class BesidePositions {
 public:
  virtual ~BesidePositions() = default;
  /// From here on the source keeps its positions in that file; empty: nowhere.
  virtual void begin(std::string_view source, const std::string& file) = 0;
  /// The file's positions of that generation, which are those of all rows acknowledged so far, are written next.
  /// Returns an empty text, or what failed: then they are not written.
  virtual std::string precede(const std::string& file, uint64_t generation) = 0;
};

/// There is one for the process, or none: null. It lives as long as the process.
void set_beside_positions(BesidePositions* one);

/// A source begins to keep its positions in that file.
void begin_positions(std::string_view source, const std::string& file);
/// keep_text for positions: what belongs to them is stored first.
std::string keep_positions(const std::string& file, uint64_t generation, std::string_view text);
/// The generation of the positions with which the source of that file would go on: of `file`, `.old` and `.new` the highest
/// of those that are whole. 0: there is none.
uint64_t generation_of(const std::string& file);

}  // namespace stook
