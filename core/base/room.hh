// SPDX-License-Identifier: Apache-2.0
/// Floor 0. The three kinds of room in which stook's code runs, as clang capabilities.
/// A front runs libev callbacks (sources, timers, control), a worker runs filters and encoders, a carrier runs one sink.
/// A function says its room behind its declarator, a member says who may touch it; clang refuses whatever disagrees.
/// No word about rooms means: pure value code, safe in any room on objects that the caller owns.
#pragma once

#include <cstdint>

#if defined(__clang__)
#define STOOK_ATTRIBUTE(x) __attribute__((x))
#else
#define STOOK_ATTRIBUTE(x)
#endif

/// The function may only be called in this room: `void run(Batch&) ROOM(worker)`.
#define ROOM(r) STOOK_ATTRIBUTE(requires_capability(::stook::room::r))
/// The member may only be touched in this room: `int depth_ OWNED(worker) = 0`.
#define OWNED(r) STOOK_ATTRIBUTE(guarded_by(::stook::room::r))

namespace stook::room {

struct STOOK_ATTRIBUTE(capability("room")) Room {
  int8_t number;
};

inline constexpr Room front{1};
inline constexpr Room worker{2};
inline constexpr Room carrier{3};

/// The room of the calling thread, 0 before it entered one.
inline thread_local int8_t here = 0;

/// Declares that the calling thread is in this room from here on.
/// Only thread main functions, libev callbacks, signal handlers and tests call it.
inline void enter(const Room& room) STOOK_ATTRIBUTE(assert_capability(room)) {
  here = room.number;
}

}  // namespace stook::room
