// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. What a plugin says about itself: doc, options, keys; for people, for programs and for the README pages.
#pragma once

#include <string>
#include <vector>

#include "core/api/plugin.hh"

namespace stook {

enum class Layout : uint8_t { Text, Json, Markdown };

/// One plugin: its sentence, its options and those that all of its kind have, and the keys that it reads and writes with
/// its options at their defaults. A plugin with mandatory options may not be able to say its keys.
std::string describe(const Plugin& plugin, Layout layout);
/// `[global]`.
std::string describe_global(Layout layout);
/// The options that all plugins of a kind have.
std::string describe_kind(Kind kind, Layout layout);
/// All plugins by kind, one a line.
std::string list_plugins();

/// What is wrong with a plugin's rows, one sentence each: a doc that ends with a full stop or is missing, a name that
/// stands twice or hides a common option, a default that its own reader refuses, a primary option that does not exist.
std::vector<std::string> check_rows(const Plugin& plugin);

}  // namespace stook
