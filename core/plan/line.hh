// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Lines of a configuration file, joined where a `\` continues them, and where each of their bytes stood.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/plan/ini.hh"

namespace stook {

/// One line, or several that are continued.
struct Line {
  std::string text;

  /// Where these bytes of the text stood.
  Place place(size_t offset, size_t length) const;
  /// The same for every piece of [begin, begin + size), by offset from `begin`.
  std::vector<Pair::Run> runs(size_t begin, size_t size) const;

  struct Piece {
    size_t offset;
    int line;
    std::string_view source;
  };
  std::vector<Piece> pieces;
  std::string file;
};

/// Cuts a text into lines. The text must outlive the lines.
class LineCutter {
 public:
  LineCutter(std::string_view text, std::string file) : rest_(text), file_(std::move(file)) {}
  /// False at the end.
  bool next(Line& line);

 private:
  std::string_view rest_;
  std::string file_;
  int number_ = 0;
};

}  // namespace stook
