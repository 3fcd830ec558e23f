// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. One entry of the scripted agent: a section such as [File:NAME] and what it stands for.
#pragma once

#include <span>
#include <string>

#include "core/plan/agent_keys.hh"
#include "core/plan/draft.hh"

namespace stook {

/// One of the three kinds of entries.
struct AgentFamily {
  const char* head;    // the section that lists the entries
  const char* prefix;  // of its keys
  const char* entry;   // what an entry's section begins with
  std::span<const AgentKey> keys;
};
std::span<const AgentFamily> agent_families();

/// Adds the sections and the stack of an entry to the draft. `general`: the values of [LS]; `name`: the entry's, in lower
/// case; `head`: where it is switched on. Mistakes are noted.
void unfold_entry(Draft& draft, const AgentValues& general, const AgentFamily& family, const Section& section,
                  const std::string& name, const Pair& head);

}  // namespace stook
