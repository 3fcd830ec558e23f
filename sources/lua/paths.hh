// SPDX-License-Identifier: Apache-2.0
/// Where the `require` of a source's script looks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// The folders, or patterns with ?, as package.path has them; relative ones are in `folder`.
std::string package_path(std::string_view folder, const std::vector<std::string>& paths);

}  // namespace stook
