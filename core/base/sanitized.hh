// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Whether a sanitizer is in the build: it sees every byte that is read, and takes faults and looks at the process itself.
#pragma once

namespace stook {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool has_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool has_sanitizer = true;
#else
inline constexpr bool has_sanitizer = false;
#endif
#else
inline constexpr bool has_sanitizer = false;
#endif

}  // namespace stook
