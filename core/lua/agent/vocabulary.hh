// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Vocabularies: words that a source's script is written in instead of stook's own, as configurations of other
/// programs are. Each is a folder of scripts/ whose files are part of the program; init.lua is its begin.
#pragma once

#include <cstddef>
#include <lua.hpp>
#include <string>
#include <string_view>

namespace stook {

/// A file of a vocabulary.
struct VocabularyPart {
  const char* vocabulary;
  const char* name;  // without .lua
  const char* text;
  size_t size;
};
/// All of them; what the build makes of the folders.
extern const VocabularyPart vocabulary_parts[];
extern const size_t vocabulary_part_count;

/// Throws std::invalid_argument when there is no such vocabulary, or when it does not stand alone: `call` and `section` are of
/// stook's own words. An empty name is right.
void check_vocabulary(std::string_view name, bool is_alone);

/// Runs init.lua of the vocabulary in a state that has a source's library. It is given a table of the texts of all its files,
/// and, with `has_output`, put_out(text), which writes to the standard output of the process and waits while nobody reads.
/// It leaves the globals that the script is to see, and its result stands for what a script returns that returns nothing. RAISES.
void open_vocabulary(lua_State* raw, const std::string& name, bool has_output);

}  // namespace stook
