// SPDX-License-Identifier: Apache-2.0
/// Bytes of gzip and zstd files, inflated as they are asked for: what a file inflates to is never held, only a window of
/// it. Room: the source's front.
#pragma once

#include <memory>
#include <string_view>

#include "sources/lines.hh"

namespace stook {

enum class Packing : uint8_t { None, Gzip, Zstd };

/// What the first bytes of a file say: gzip 1f 8b (RFC 1952), zstd 28 b5 2f fd and its skippable frames (RFC 8878).
Packing packing_of(std::string_view head);

/// The bytes of the descriptor, inflated. Members and frames that follow one another are read as one stream; zeros behind
/// the last are ignored. A zstd window over 8 MiB is refused. Throws SetupError when there is no memory.
std::unique_ptr<Bytes> make_bytes(Packing packing, int fd);
/// The bytes of a file, inflated when its first bytes say that it is packed, to be read from its beginning to its end.
std::unique_ptr<Bytes> bytes_of_file(int fd);

}  // namespace stook
