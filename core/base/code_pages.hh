// SPDX-License-Identifier: Apache-2.0
/// Floor 0. What of the program's code is in the process's memory.
#pragma once

namespace stook {

/// Lets go of all pages of code, the libraries' too: those that are needed come again one by one out of the page cache, and
/// those that only the start needed, two thirds of them, do not. *Rooms:* main, once, when all is started.
void drop_code_pages();

}  // namespace stook
