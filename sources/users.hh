// SPDX-License-Identifier: Apache-2.0
/// Names of users, from /etc/passwd alone: a front cannot wait for a directory service. Room: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>

namespace stook {

class Users {
 public:
  /// Reads the file again when it has changed.
  void refresh();
  /// The name, or the number as text.
  const std::string& name(uint64_t uid);

 private:
  std::unordered_map<uint64_t, std::string> names_;
  int64_t changed_ = 0;
};

}  // namespace stook
