// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A small file that is only ever there as a whole: what sources remember. Room: its owner's; it waits for the
/// disk.
#pragma once

#include <string>
#include <string_view>

namespace stook {

/// Replaces the file: all of the text into `FILE.new` (0600), fdatasync; the present file is linked as `FILE.old`;
/// `FILE.new` is renamed over it; the folder is synced. Returns an empty text, or what failed: then the present file is
/// as it was.
std::string keep_text(const std::string& file, std::string_view text);

}  // namespace stook
