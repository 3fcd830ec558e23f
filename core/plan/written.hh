// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. A configuration as people wrote it: each instance with its options, and where they stand.
#pragma once

#include <string>
#include <vector>

namespace stook {

/// One option as it is written, before variables are put in; a secret's value is `***`.
struct WrittenOption {
  std::string name;  // empty: the plugin's primary option
  std::string value;
  std::string where;  // `FILE:LINE`
};

struct WrittenInstance {
  std::string id;
  std::string plugin;
  std::string where;
  std::vector<WrittenOption> options;
};

struct Draft;
/// In the order in which the stacks name them.
std::vector<WrittenInstance> written(const Draft& draft);

/// `{"instances":[{"id":…,"plugin":…,"where":…,"options":[{"name":…,"value":…,"where":…}]}]}`
std::string written_json(const std::vector<WrittenInstance>& instances);

}  // namespace stook
