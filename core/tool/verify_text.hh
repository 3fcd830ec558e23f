// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What `stook verify` says of its count.
#pragma once

#include <string>

#include "core/tool/verify_tally.hh"

namespace stook {

/// For people; of each stream the numbers up to `end` are wanted, 0: up to its largest.
std::string tally_text(const Tally& tally, uint64_t end);
/// The same as one JSON object and an end of line.
std::string tally_json(const Tally& tally, uint64_t end);
/// There are numbers, and none is missing or repeated.
bool is_right(const Tally& tally, uint64_t end);

}  // namespace stook
