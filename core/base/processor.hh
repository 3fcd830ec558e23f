// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Which processor a thread runs on. Room: any.
#pragma once

#include <string>

namespace stook {

/// Binds the calling thread to one processor, counted from 0 as the kernel does. Returns why it cannot, in one sentence; empty:
/// it is bound.
[[nodiscard]] std::string run_on_processor(int processor);
/// The processor to which the calling thread is bound; -1: it may run on several.
int own_processor();

}  // namespace stook
