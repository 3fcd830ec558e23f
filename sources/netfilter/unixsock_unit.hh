// SPDX-License-Identifier: Apache-2.0
/// What programs send to ulogd's UNIXSOCK: packets with what they know of them, read from bytes alone.
///
/// A unit, all numbers in network order:
///
///     marker u32 = 0x41c90fd4   size u16: of all that follows the marker   version and flags u32, which
///     nobody looks at   length u16   the IP packet, of that length   then, at multiples of eight from the packet on, options until the unit ends:
///     id u32   length u32   value
///
/// Options: 1 prefix, 2 interface it came by, 3 interface it leaves by, 4 time (seconds since 1970, 4 or 8 bytes); 200 user, 201
/// the user's number, 202 system, 203 its release, 204 its version, 205 program, 206 state (1 or 4 bytes): 0 drop, 1 open,
/// 2 established, 3 close, 4 unknown. Texts may end with a NUL. What is cut off by the unit's end, and other options, is passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace stook {

/// How the bytes of a connection begin. Whole: with a unit of `size` bytes. Short: more are needed. Wrong: with no unit, so that
/// nobody knows where the next one begins.
struct UnixsockStart {
  enum class Kind : uint8_t { Whole, Short, Wrong };
  Kind kind;
  size_t size = 0;
};
UnixsockStart start_of_unit(std::string_view bytes);

/// A packet and what its sender says of it. Texts and bytes point into the unit; empty texts are absent.
struct UnixsockUnit {
  std::string_view packet;
  std::string_view prefix;
  std::string_view in;
  std::string_view out;
  std::string_view user;
  std::string_view system;
  std::string_view release;
  std::string_view version;
  std::string_view program;
  std::optional<uint64_t> time;
  std::optional<uint64_t> user_id;
  std::optional<uint64_t> state;
};

/// Reads a whole unit. False: its packet is longer than itself.
[[nodiscard]] bool read_unixsock_unit(std::string_view bytes, UnixsockUnit& unit);

}  // namespace stook
