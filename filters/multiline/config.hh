// SPDX-License-Identifier: Apache-2.0
/// What a `multiline` was told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/api/regex.hh"
#include "core/base/text.hh"
#include "filters/multiline/rule.hh"

namespace stook {

struct MultilineConfig {
  Rule rule = Rule::None;
  std::string start;
  std::string continuation;
  std::string end;
  bool keep_start = true;
  bool keep_end = true;
  std::string key;
  std::vector<std::string> by;
  std::string separator;
  int64_t max_lines = 0;
  Size max_bytes;
  Duration flush;
  int64_t match_limit = 0;

  // Filled by declare; null where there is no pattern.
  std::unique_ptr<Regex> starts;
  std::unique_ptr<Regex> continues;
  std::unique_ptr<Regex> ends;
};

}  // namespace stook
