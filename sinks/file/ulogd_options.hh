// SPDX-License-Identifier: Apache-2.0
/// The options of ulogd's sinks that write a file: its own two, and those of the sink `file` that it lacks.
#pragma once

#include <array>

#include "sinks/file/config.hh"

namespace stook {

/// `sync`: ulogd holds lines back in a buffer of its own unless it is 1. Here each delivery goes to the kernel at once.
constexpr Option sync_option() {
  Option row = option<&FileConfig::sync>(
      "sync", "0", "accepted from old files and without effect: what is delivered is with the kernel, always");
  row.kind = OptionKind::Boolean;
  row.assign = [](void* config, std::string_view text, const Option&, std::string& why) {
    bool is_on = false;
    static_cast<FileConfig*>(config)->sync = "never";
    return read_value(text, is_on, why);
  };
  return row;
}

/// `fallback`: ulogd's default for the path.
constexpr auto file_options(const char* fallback) {
  return std::array{
      option<&FileConfig::path>("file", fallback, "the file"),
      sync_option(),
      option<&FileConfig::mode>("mode", "0640", "permissions of new files, in octal"),
      option<&FileConfig::rotate>("rotate", "0", "begin a new file past this size; 0 is never"),
      option<&FileConfig::rotate_every>("rotate_every", "0", "begin a new file after this time; 0 is never"),
      option<&FileConfig::keep_files>("keep_files", "0", "how many rotated files stay; 0 is all", {0, 100000}),
      option<&FileConfig::compress>("compress", "none", "compress rotated files"),
  };
}

}  // namespace stook
