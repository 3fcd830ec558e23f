// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Options: given text goes into config structs by their rows, and plugins declare what they read and write.
#pragma once

#include <span>
#include <string_view>

#include "core/plan/draft.hh"

namespace stook {

/// The options that every plugin of a kind has beside its own.
std::span<const Option> common_options(Kind kind);

/// Puts variables and secrets into one value. False when there was a mistake.
bool substitute_value(Draft& draft, Given& given, const std::string& label);

/// Some option rows and the struct that they fill.
struct OptionTable {
  std::span<const Option> rows;
  void* config;
};
/// Puts the given options, then the defaults of the others, into the tables; an option that several tables have goes to
/// each; what was given learns what it means. `label` is `[id] `, `owner` is `sink 'file'`. False when there was a mistake.
bool fill_options(Draft& draft, std::vector<Given>& given, std::span<const OptionTable> tables,
                  const std::string& label, const std::string& owner, const Place& place);

/// Fills every instance and lets its plugin, and a sink's codec, declare.
void fill_instances(Draft& draft);

}  // namespace stook
