// SPDX-License-Identifier: Apache-2.0
/// drop: the rows for which an expression is true go, all others stay.
///
///   stack = log:tail, parse_json, drop(status < 400 or path in ("/health", "/ready")), out:file
///
///   {"status":200,"path":"/health"}   →   goes
///   {"status":502,"path":"/api/v1"}   →   stays
///
/// What expressions are made of stands in core/api/expression.hh. A row for which a regular expression takes more steps
/// than `match_limit` fails.
#include <array>
#include <memory>
#include <string>

#include "core/api/expression.hh"
#include "core/api/plugin.hh"

namespace stook {

namespace {

struct DropConfig {
  std::string expression;
  int64_t match_limit = 0;
  std::unique_ptr<Expression> compiled;
};

constexpr std::array options = {
    option<&DropConfig::expression>("where", required, "which rows go, as in status < 400 or path ~ \"^/health\""),
    option<&DropConfig::match_limit>("match_limit", "1000000",
                                     "steps after which the search of a regular expression is given up", {1, 1e9}),
};

/// *Rooms:* one replica, its worker.
class Drop final : public Filter {
 public:
  explicit Drop(const DropConfig& config)
      : condition_(*config.compiled, {static_cast<uint32_t>(config.match_limit)}),
        ids_(config.compiled->keys().size()) {}

  void run(Batch& batch) override ROOM(worker) {
    for (size_t i = 0; i < ids_.size(); i++) {
      ids_[i] = batch.in(i);
    }
    condition_.bind(batch, ids_.data());
    batch.keep_if([&](Row row) {
      Matched matched = condition_.test(row);
      if (matched == Matched::Limit) {
        batch.fault(row);
      }
      return matched != Matched::Yes;
    });
  }

 private:
  Condition condition_;
  std::vector<KeyId> ids_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<DropConfig*>(raw);
  config.compiled = std::make_unique<Expression>(config.expression);
  for (size_t i = 0; i < config.compiled->keys().size(); i++) {
    wiring.reads.push_back({config.compiled->keys()[i], Type::Mixed, config.compiled->is_optional(i)});
  }
}

}  // namespace

extern const Plugin filter_drop;
const Plugin filter_drop = {
    .kind = Kind::Filter,
    .name = "drop",
    .doc = "drops the rows for which an expression is true",
    .options = options,
    .primary = "where",
    .config = config_type<DropConfig>,
    .declare = declare,
    .filter = make_filter<Drop, DropConfig>,
};

}  // namespace stook
