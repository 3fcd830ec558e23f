// SPDX-License-Identifier: Apache-2.0
/// Copies of a followed file: logrotate's copytruncate copies a log and then truncates it. Room: the source's front.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/api/identity.hh"

namespace stook {

/// A regular file that was found by looking at it.
struct FoundFile {
  std::string path;
  struct stat status;
};

/// The paths beside `path`: first all whose names begin with its name up to the first of `.-_`, then up to 1000 others.
std::vector<std::string> neighbours(const std::string& path, size_t most_others = 1000);
/// The file beside `path`, its name beginning as above, that has the bytes of `former` up to its offset: there reading
/// goes on. Of several the one that changed last. Other names do not count: an output with the same lines is no copy.
std::optional<FoundFile> find_copy(const std::string& path, const Identity& former);
/// Whether `path` is that of `of` after a rotation: `a.log.1`, `a.log-20261121` or `a.log.old` of `a.log`.
bool is_rotated_name(const std::string& path, const std::string& of);
/// Regular files that have rotated names of `path` and were made since (seconds since 1970), where the file system tells.
std::vector<FoundFile> find_rotated(const std::string& path, int64_t since);
/// The paths of which `path` may be a rotated name: `a.log.1` and `a-1.log` of `a.log`.
std::vector<std::string> names_before_rotation(const std::string& path);

}  // namespace stook
