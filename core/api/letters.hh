// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Letters: rows that a sink will never take, kept in files for people to look at and to deliver later. Here is
/// what a letter is and how it is written down; letter_box.hh keeps them, letter_shelf.hh finds them again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// One refused row, or one refused payload whose rows cannot be told apart.
struct Letter {
  int64_t time = 0;  // ns since 1970 UTC
  std::string sink;  // the id of the instance
  std::string reason;
  uint64_t attempts = 0;  // how often the sink was asked
  std::string format;     // the codec that wrote the bytes
  std::string address;    // where they were to go; empty for a sink with one target
  uint64_t rows = 1;
  std::string bytes;
};

/// The line of a letter, with its newline; see the format in letters.cc.
std::string show_letter(const Letter& letter);
/// Reads such a line, with or without its newline. False: `why` says what is wrong.
[[nodiscard]] bool read_letter(std::string_view line, Letter& letter, std::string& why);

/// The files of one sink's letters, in their order: `00000001.jsonl`, `00000002.jsonl`, …
struct LetterFile {
  std::string path;
  uint64_t number;
  uint64_t size;
};
/// Those of a folder; empty when it is not there. Throws SetupError when it cannot be read.
std::vector<LetterFile> letter_files(const std::string& folder);

}  // namespace stook
