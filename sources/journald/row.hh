// SPDX-License-Identifier: Apache-2.0
/// The keys of journal entries. Room: the source's front.
#pragma once

#include <string_view>

#include "core/api/plugin.hh"
#include "sources/journald/entry.hh"

namespace stook {

void declare_journal_keys(Wiring& wiring);
/// Appends a row. REQUIRES: bundle.has_room().
void put_journal_row(Feed& feed, Bundle& bundle, const JournalEntry& entry) ROOM(front);

}  // namespace stook
