// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. What ulogd's files say that stook's do not: names of its plugins, and sections that no stack uses.
#pragma once

#include <string>
#include <string_view>

#include "core/api/plugin.hh"

namespace stook {

struct Section;

/// The name by which stook knows a plugin of ulogd, or of its child with rings (`NFLOG2`); others stay as they are.
std::string_view known_name(std::string_view ulogd_name);
/// Whether ulogd has a plugin of that name, be it that stook has it or not.
bool is_ulogd_plugin(std::string_view name);
/// What to say of a plugin of ulogd that is not there: one sentence on what to use instead, or empty.
std::string_view instead_of(std::string_view ulogd_name);
/// Whether a stack that begins so is one of ulogd's: its sources, in its spelling.
bool is_ulogd_source(std::string_view name);
/// ulogd's form of a plugin that stook has under the same name with other options: SYSLOG without `to` is the local log.
/// `section` may be null, `arguments` are those in the stack. Null: there is none, and `plugin` is meant.
const Plugin* ulogd_form(const Plugin& plugin, const Section* section, bool has_arguments);

}  // namespace stook
