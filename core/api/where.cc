// SPDX-License-Identifier: Apache-2.0
#include "core/api/where.hh"

namespace stook {

void declare_where(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<WhereConfig*>(raw);
  config.compiled = std::make_unique<Expression>(config.expression);
  for (size_t i = 0; i < config.compiled->keys().size(); i++) {
    wiring.reads.push_back({config.compiled->keys()[i], Type::Mixed, config.compiled->is_optional(i)});
  }
}

Where::Where(const WhereConfig& config, Matched leaving)
    : condition_(*config.compiled, {static_cast<uint32_t>(config.match_limit)}),
      ids_(config.compiled->keys().size()),
      leaving_(leaving) {}

void Where::run(Batch& batch) {
  for (size_t i = 0; i < ids_.size(); i++) {
    ids_[i] = batch.in(i);
  }
  condition_.bind(batch, ids_.data());
  batch.keep_if([&](Row row) {
    Matched matched = condition_.test(row);
    if (matched == Matched::Limit) {
      batch.fault(row);
    }
    return matched != leaving_;
  });
}

}  // namespace stook
