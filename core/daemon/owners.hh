// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Whose the files are that decide what stookd does: whoever may write a script, a key, the configuration or a
/// folder above them, does what stookd may do.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/daemon/plan_needs.hh"

namespace stook {

/// What stookd ends with when such a file is not safe.
inline constexpr int owners_exit = 78;

/// One sentence for each file or folder that is not right, with the command that mends it.
/// Trusted files and all folders above them belong to root or to `user`, and are written by nobody else; a folder with the
/// sticky bit, as /tmp, does no harm. State folders, where they are there, belong to `user`, who may write them alone.
std::vector<std::string> owner_faults(const PlanNeeds& needs, uid_t user);

/// The same for a folder in which root makes files for others: it and all above it belong to root or to `user`, and nobody
/// else writes there; the sticky bit helps only above it.
std::vector<std::string> folder_faults(const std::string& folder, uid_t user);

/// Whether it matters: a process with rights beyond its user's has something to lose.
bool has_rights_to_lose();

}  // namespace stook
