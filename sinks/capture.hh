// SPDX-License-Identifier: Apache-2.0
/// What tests do with the sink `capture`: read what it took, and say beforehand how it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hh"

namespace stook::capture {

/// What the instance of that id took so far: bytes in the order of delivery, their rows and payloads, and how often it was
/// asked. Any thread.
struct Taken {
  std::string bytes;
  uint64_t rows = 0;
  uint64_t payloads = 0;
  uint64_t calls = 0;
  /// The addresses of parts, in order, where there are any.
  std::vector<std::string> addresses;
};
Taken taken(std::string_view id);
/// The next answers of that instance, one a call of deliver; Done when they are used up. Any thread.
void script(std::string_view id, std::vector<Outcome> answers);
/// Forgets everything of all instances.
void clear();

}  // namespace stook::capture
