// SPDX-License-Identifier: Apache-2.0
/// Paths and glob patterns of sources that read files. Pure but for the folders that it lists.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

/// Whether the path has one of `*`, `?`, `[`.
bool is_pattern(std::string_view path);

/// The path as seen from `folder` when it is relative; `./` and double slashes are gone.
std::string path_in(std::string_view folder, std::string_view path);

/// What a pattern leads to at this moment.
struct Found {
  /// Everything that matches and is no folder, sorted, each once.
  std::vector<std::string> files;
  /// The number of the pattern that leads to each of them first.
  std::vector<size_t> pattern;
  /// The folders in which a new entry may make a match: those that were listed, and the deepest one that is there
  /// when a part of the path is missing; and those in which a symbolic link on the way lies, or what it leads to.
  std::vector<std::string> folders;
  /// The names of what symbolic links lead to, in these folders.
  std::vector<std::string> link_names;
};

/// Looks for one path or pattern and adds to `found`. `*` and `?` stay within one part of the path, and a leading dot
/// is matched only by a dot.
void find_files(const std::string& pattern, Found& found);

/// What a source of whole files reads, in this order: paths as they are, and what patterns lead to, sorted. Throws SetupError
/// for what is not there, is a folder, or may not be read.
std::vector<std::string> files_to_read(const std::vector<std::string>& paths);

/// Patterns to follow and to leave out.
class Patterns {
 public:
  Patterns(std::vector<std::string> path, std::vector<std::string> exclude)
      : path_(std::move(path)), exclude_(std::move(exclude)) {}
  /// What all of them lead to.
  Found find() const;
  /// Whether the path is named and not excluded. Touches no file.
  bool is_wanted(const std::string& path) const;
  bool is_excluded(const std::string& path) const;
  /// Whether the name of an entry matches one part of one of the patterns.
  bool has_part(const std::string& name) const;

 private:
  std::vector<std::string> path_;
  std::vector<std::string> exclude_;
};

/// Whether the path, or its last part when the pattern has no slash, matches.
bool matches(const std::string& pattern, const std::string& path);

}  // namespace stook
