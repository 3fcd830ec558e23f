// SPDX-License-Identifier: Apache-2.0
#include "sinks/file/config.hh"

#include <stdexcept>

#include "core/data/pattern.hh"

namespace stook {

namespace {
// A path is relative to the configuration file's folder, whose name holds no keys.
std::string absolute(std::string_view path, std::string_view folder) {
  if (path.empty() || path[0] == '/' || folder.empty() || folder == ".") {
    return std::string(path);
  }
  std::string full;
  for (char c : folder) {
    full += c == '$' ? "$$" : c == '\\' ? "\\\\" : std::string(1, c);
  }
  return full.append("/").append(path);
}

void read_sync(FileConfig& config) {
  Duration every;
  std::string why;
  if (config.sync == "never") {
    config.sync_every = -1;
  } else if (config.sync == "batch") {
    config.sync_every = 0;
  } else if (read_value(config.sync, every, why) && every.ns > 0) {
    config.sync_every = every.ns;
  } else {
    throw std::invalid_argument("sync is '" + config.sync + "'; it takes never, batch or a time such as 1s");
  }
}

void read_mode(FileConfig& config) {
  mode_t mode = 0;
  bool is_octal = !config.mode.empty() && config.mode.size() <= 4;
  for (char c : config.mode) {
    is_octal = is_octal && c >= '0' && c <= '7';
    mode = mode * 8 + static_cast<mode_t>(c - '0');
  }
  if (!is_octal || (mode & ~0777u) != 0) {
    throw std::invalid_argument("mode is '" + config.mode + "'; it takes octal permissions such as 0640");
  }
  config.mode_bits = mode;
}
}  // namespace

void declare_file(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<FileConfig*>(raw);
  read_sync(config);
  read_mode(config);
  std::string path = absolute(config.path, folder);
  Pattern pattern(path, true);
  if (pattern.has_keys()) {
    wiring.address = path;
    for (const std::string& key : pattern.keys()) {
      wiring.reads.push_back({key, Type::Mixed, true});
    }
    return;
  }
  config.target.clear();
  for (const Pattern::Piece& piece : pattern.pieces()) {
    config.target += piece.text;
  }
  if (config.target.empty() || config.target.back() == '/') {
    throw std::invalid_argument("path names no file; it takes one such as /var/log/stook/access.json");
  }
}

void file_needs(const void* raw, Needs& needs) {
  const auto& config = *static_cast<const FileConfig*>(raw);
  needs.writes.push_back(!config.target.empty() ? config.target : config.path);
}

}  // namespace stook
