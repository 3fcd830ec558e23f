// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. A file of ulogd, said in stook's own words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stook {

/// What became of a file.
struct ImportedUlogd {
  std::string text;
  /// Stacks that stand in it as comments, because this build lacks one of their plugins.
  size_t stacks_left_out = 0;
};

/// Goes through the file line by line. Comments and what needs no change stay as they are; what changes is preceded by
/// a comment that begins with `#:` and says why. Names of plugins become stook's, levels become words; `plugin =`
/// lines, options that have no effect, and sections that no stack names become comments.
ImportedUlogd import_ulogd(std::string_view text, const std::string& file);

}  // namespace stook
