// SPDX-License-Identifier: Apache-2.0
/// Floor 5. How commands are written, in the notation of their usages: `spool show|export DIR [--all]`. Completion reads it,
/// and so does who makes the manual pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// One word of a usage. A switch (`--json`, `[-c FILE]`), some words of which one is typed (`show|export`), or what
/// stands for something (`DIR`, `FILE|STACK`, `FILE…`), in capitals.
struct UsageWord {
  /// The alternatives.
  std::vector<std::string> names;
  bool is_switch = false;
  /// Of a switch: what follows it, as alternatives; empty: nothing.
  std::vector<std::string> argument;
  /// Any number of them may follow.
  bool is_many = false;

  bool has(std::string_view name) const;
  /// Its alternatives are typed as they stand.
  bool is_literal() const;
};

/// The word is typed as it stands; else it is in capitals, and stands for something.
bool is_typed(std::string_view word);

/// One way to write a command, without `stook`.
struct Usage {
  std::string text;
  std::string doc;
  std::vector<UsageWord> words;
  std::string_view command() const { return words.front().names.front(); }
};

/// Takes the text of a usage apart. It has at least one word.
Usage read_usage(std::string_view text, std::string_view doc);

/// The usages of commands that take more than their line in `stook help` has room for; the others are read from there.
std::vector<Usage> long_usages();
/// The switches of stookd, as a usage.
Usage daemon_usage();

}  // namespace stook
