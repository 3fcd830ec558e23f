// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. The scripted agent's sections, as they are: [FILE], [EXEC], [STAT] say which entries there are, [File:NAME],
/// [Exec:NAME], [Stat:NAME] what each is, [LS] what holds for all. They become ordinary sections and stacks before
/// anything else is read, so that all that follows, `stook plan` included, knows nothing of them.
///
/// An entry becomes `file.NAME:TAIL`, `exec.NAME:EXEC` or `stat.NAME:EXEC` with a filter that parses its values; with
/// `lua_engine` in [LS], a file and what has `call` become a source `lua`. Then come a filter that sets `hostname`,
/// `stream_key` and `tags`, and the sink: `output` of [LS], the server, or the standard output.
#pragma once

#include "core/plan/draft.hh"

namespace stook {

/// Replaces the agent's sections of the draft's configuration. Mistakes are noted.
void unfold_agent(Draft& draft);

}  // namespace stook
