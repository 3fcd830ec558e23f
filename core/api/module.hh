// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A module: a file with plugins, loaded when a configuration names one of them.
///
/// What needs a heavy library is one, so that only who uses it has to have that library; and so is a plugin of one's own, built
/// outside this tree against the headers that are installed. C++ types cross, so a module serves only the build that it was made
/// for: one with the same text in `core/base`, `core/data` and `core/api`, from which the build's id is made.
///
///     extern const stook::Plugin filter_redact;
///     const stook::Plugin filter_redact = {.kind = stook::Kind::Filter, .name = "redact", …};
///     STOOK_MODULE(&filter_redact);
#pragma once

#include <span>
#include <string_view>

#include "build_id.hh"
#include "core/api/plugin.hh"

namespace stook {

/// What the file has under the name `stook_module`. The build's id comes first, and is all that another build looks at.
struct Module {
  const char* build;
  std::span<const Plugin* const> plugins;
};

/// The id of the program's build, which a module's has to be.
std::string_view this_build();

}  // namespace stook

/// Names the plugins of a module, once in its file.
#define STOOK_MODULE(...)                                                     \
  static constexpr const stook::Plugin* stook_module_table[] = {__VA_ARGS__}; \
  extern "C" __attribute__((visibility("default")))                           \
  const stook::Module stook_module = {STOOK_BUILD_ID, stook_module_table}
