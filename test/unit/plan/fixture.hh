// SPDX-License-Identifier: Apache-2.0
/// What the tests of planning share: files in a folder of their own, and a plan or its errors from a text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/plan/plan.hh"

namespace stook::test {

/// A new folder, which is the current one while this lives; its files go with it.
class Files {
 public:
  Files();
  ~Files();
  /// Writes a file by its relative path; a folder before its slash is made.
  void write(const std::string& path, const std::string& text);

 private:
  std::string folder_;
  std::vector<std::string> paths_;
};

/// The errors as people read them, or `no errors`.
std::string errors_of(const PlanRequest& request);
/// The same for a configuration of that text, in a file x.conf.
std::string errors_of_text(const std::string& text);
/// The plan of that text. Throws ConfigErrors.
std::unique_ptr<Plan> plan_of_text(const std::string& text);

}  // namespace stook::test
