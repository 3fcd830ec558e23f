// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Configuration files in ulogd's grammar: sections and pairs, each with its place.
/// `[id]` opens a section; `name = value` is a pair; `#` and `;` begin a comment at the head of a line or after a blank;
/// a `\` at the end continues the line. A value may stand in "…" (with \" \\ \n \t) or in '…' (as it is). Pairs before
/// any section belong to `[global]`, which may stand many times and is also called `[stookd]`. There, `include = GLOB`
/// reads other files: relative to the including one, sorted; a name without `*?[` must exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hh"

namespace stook {

/// One `name = value`.
struct Pair {
  std::string name;
  /// Without quotes and comments; variables are not yet put in.
  std::string value;
  /// It stood in single quotes: variables stay as they are.
  bool is_verbatim = false;
  /// Of the name.
  Place place;
  Place value_place;
  /// Where the pieces of a value without quotes stood, by offset; empty for a quoted one.
  struct Run {
    size_t offset;
    Place place;
  };
  std::vector<Run> runs;

  /// Where `length` bytes of the value from `offset` on stood; the whole value's place when that is not known.
  Place place_of(size_t offset, size_t length) const;
};

struct Section {
  std::string id;
  Place place;
  std::vector<Pair> pairs;
};

/// All sections in order; the first is always `global`.
struct Ini {
  std::vector<Section> sections;
  /// The section of that id, or null.
  const Section* find(std::string_view id) const;
};

/// Reads a file and what it includes. Mistakes are added to `errors`, and reading goes on.
Ini read_ini(const std::string& file, std::vector<ConfigError>& errors);
/// The same from a text that stands for the file of that name.
Ini read_ini(const std::string& file, std::string_view text, std::vector<ConfigError>& errors);
/// The same from text; opens no file: each `include` is a mistake.
Ini read_ini_text(std::string_view text, const std::string& file, std::vector<ConfigError>& errors);

/// The offset of the first byte behind a value that begins at `begin`: of its comment, or of the text's end.
size_t value_end(std::string_view text, size_t begin);
/// Takes the quotes and escapes off a text that is one quoted piece from its first byte to its last.
/// False, and nothing changed, when it is none; `is_verbatim` says that the quotes were single ones.
bool take_quotes(std::string& text, bool& is_verbatim);

/// Whether an option of this name holds a secret, which is never printed.
bool is_secret(std::string_view name);

/// The line with the values of secret options masked, as long as it was.
std::string mask_secrets(std::string_view text);

/// `file:line`, or `command line`, as messages name a place.
std::string show_place(const Place& place);

}  // namespace stook
