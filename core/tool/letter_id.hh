// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Which row a letter is.
#pragma once

#include <string>

#include "core/api/letters.hh"

namespace stook {

/// The row's `stook.id`, where the letter's bytes hold it: as a member of that name in JSON or msgpack, or as the id of a
/// document for Elasticsearch. Empty: they do not.
std::string letter_id(const Letter& letter);

}  // namespace stook
