// SPDX-License-Identifier: Apache-2.0
/// The options of the file sink.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/plugin.hh"
#include "sinks/file/squeeze.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<Compression>[] = {"none", "gzip", "zstd"};

/// The options of the file sink, and what becomes of them.
struct FileConfig {
  std::string path;
  Size rotate;
  Duration rotate_every;
  uint64_t keep_files = 0;
  Compression compress = Compression::None;
  std::string sync;
  std::string mode;
  bool create_folders = true;

  // Completed by declare.
  std::string target;       // the path when it holds no keys
  int64_t sync_every = -1;  // ns; 0 with each delivery; -1 never
  mode_t mode_bits = 0640;
};

/// Checks a FileConfig and completes it. Throws std::invalid_argument with one sentence.
void declare_file(void* config, std::string_view folder, Wiring& wiring);
/// As Plugin::needs. REQUIRES: declare_file has been called.
void file_needs(const void* config, Needs& needs);

/// As Plugin::sink, where the config is a FileConfig.
std::unique_ptr<Sink> make_file(const Make& make);
/// The file sink itself. The config lives as long as the sink. `is_binary`: as Make::is_binary.
std::unique_ptr<Sink> make_file_sink(const FileConfig& config, std::string_view header, bool is_binary);

}  // namespace stook
