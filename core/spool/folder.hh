// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The folder of a spool: the names in it, and which segments it has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/spool/format.hh"
#include "core/spool/io.hh"

namespace stook {

/// The path of a segment: sixteen hex digits and `.seg`.
std::string segment_path(const std::string& folder, uint64_t id);
/// The path of a file that was a segment and may become one again.
std::string spare_path(const std::string& folder);
/// The id in a segment's name, or nothing when it is not one.
std::optional<uint64_t> segment_id(std::string_view name);
/// The ids of all segments by their names, lowest first. Throws SetupError when the folder cannot be read.
std::vector<uint64_t> list_segments(SpoolIo& io, const std::string& folder);
/// The header of a segment, whatever its name is, or nothing.
std::optional<SegmentHeader> load_any_header(SpoolIo& io, int file);
/// The header of a segment that names itself by this id, or nothing.
std::optional<SegmentHeader> load_segment_header(SpoolIo& io, int file, uint64_t id);
/// The footer at the end of a sealed segment's file, or nothing.
std::optional<SegmentFooter> load_segment_footer(SpoolIo& io, int file, uint64_t id, uint32_t seed);

}  // namespace stook
