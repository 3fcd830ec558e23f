// SPDX-License-Identifier: Apache-2.0
/// Which of several files of one pattern in one folder is the current one. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sources/glob.hh"

namespace stook {

/// Which file is the newest: the one that was written last, or the first or last by name.
enum class Priority : uint8_t { Mtime, FirstName, LastName };

/// The files of one pattern in one folder, the newest last.
using Generations = std::vector<std::string>;
/// What was found, divided by pattern and folder. Those that `patterns` exclude are left out.
std::vector<Generations> generations_of(const Found& found, const Patterns& patterns, Priority priority);

}  // namespace stook
