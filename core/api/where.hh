// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A filter that takes rows away by an expression: what keep and drop share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/expression.hh"
#include "core/api/filter.hh"
#include "core/api/plugin.hh"

namespace stook {

struct WhereConfig {
  std::string expression;
  int64_t match_limit = 0;
  std::unique_ptr<Expression> compiled;
};

/// Compiles the expression and declares the keys that it names. Throws std::invalid_argument.
void declare_where(void* config, std::string_view folder, Wiring& wiring);

/// Takes away the rows for which the expression's answer is `leaving`. A row for which a regular expression takes more
/// steps than `match_limit` fails, and stays.
/// *Rooms:* one replica, its worker.
class Where final : public Filter {
 public:
  Where(const WhereConfig& config, Matched leaving);
  void run(Batch& batch) override ROOM(worker);

 private:
  Condition condition_;
  std::vector<KeyId> ids_;
  Matched leaving_;
};

}  // namespace stook
