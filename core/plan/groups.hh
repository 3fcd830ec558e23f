// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Groups: checks what they are made of, and gives them what their members have in common.
#pragma once

#include "core/plan/draft.hh"

namespace stook {

/// Before instances are filled: which are members, and whether they may be.
void join_members(Draft& draft);
/// After it: a group has its members' codec, and reads what they read.
void fill_groups(Draft& draft);
/// At the end: gives the groups their members, and leaves drafts without an instance behind.
void take_members(Draft& draft);

}  // namespace stook
