// SPDX-License-Identifier: Apache-2.0
#include "core/spool/folder.hh"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "core/base/status.hh"

namespace stook {

namespace {
constexpr std::string_view suffix = ".seg";
constexpr size_t digits = 16;
}  // namespace

std::string segment_path(const std::string& folder, uint64_t id) {
  char name[32];
  std::snprintf(name, sizeof name, "/%016llx.seg", static_cast<unsigned long long>(id));
  return folder + name;
}

std::string spare_path(const std::string& folder) {
  return folder + "/spare";
}

std::optional<uint64_t> segment_id(std::string_view name) {
  if (name.size() != digits + suffix.size() || name.substr(digits) != suffix) {
    return std::nullopt;
  }
  uint64_t id = 0;
  for (char c : name.substr(0, digits)) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) {
      return std::nullopt;
    }
    id = id << 4 | static_cast<uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return id <= segment_id_most ? std::optional(id) : std::nullopt;
}

std::vector<uint64_t> list_segments(SpoolIo& io, const std::string& folder) {
  std::vector<std::string> names;
  const int error = io.list(folder, names);
  if (error < 0) {
    throw SetupError("cannot read the spool " + folder + ": " + std::strerror(-error), -error);
  }
  std::vector<uint64_t> ids;
  for (const std::string& name : names) {
    if (auto id = segment_id(name)) {
      ids.push_back(*id);
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<SegmentHeader> load_any_header(SpoolIo& io, int file) {
  char bytes[segment_header_size];
  if (io.read_at(file, bytes, sizeof bytes, 0) != ssize_t{sizeof bytes}) {
    return std::nullopt;
  }
  return read_segment_header(bytes);
}

std::optional<SegmentHeader> load_segment_header(SpoolIo& io, int file, uint64_t id) {
  auto header = load_any_header(io, file);
  return header && header->id == id ? header : std::nullopt;
}

std::optional<SegmentFooter> load_segment_footer(SpoolIo& io, int file, uint64_t id, uint32_t seed) {
  const int64_t size = io.size(file);
  if (size < static_cast<int64_t>(segment_header_size + segment_footer_size)) {
    return std::nullopt;
  }
  char bytes[segment_footer_size];
  if (io.read_at(file, bytes, sizeof bytes, static_cast<uint64_t>(size) - sizeof bytes) != ssize_t{sizeof bytes}) {
    return std::nullopt;
  }
  auto footer = read_segment_footer(bytes, seed);
  return footer && footer->id == id ? footer : std::nullopt;
}

}  // namespace stook
