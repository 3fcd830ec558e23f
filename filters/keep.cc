// SPDX-License-Identifier: Apache-2.0
/// keep: only the rows for which an expression is true.
///
///   stack = log:tail, parse_json, keep(status >= 500 and path ~ "^/api"), out:file
///
///   {"status":502,"path":"/api/v1"}   →   stays
///   {"status":200,"path":"/api/v1"}   →   goes
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

struct KeepConfig {
  std::string expression;
  int64_t match_limit = 0;
  std::unique_ptr<Expression> compiled;
};

constexpr std::array options = {
    option<&KeepConfig::expression>("where", required, "which rows stay, as in status >= 500 and path ~ \"^/api\""),
    option<&KeepConfig::match_limit>("match_limit", "1000000",
                                     "steps after which the search of a regular expression is given up", {1, 1e9}),
};

/// *Rooms:* one replica, its worker.
class Keep final : public Filter {
 public:
  explicit Keep(const KeepConfig& config)
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
      return matched != Matched::No;
    });
  }

 private:
  Condition condition_;
  std::vector<KeyId> ids_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<KeepConfig*>(raw);
  config.compiled = std::make_unique<Expression>(config.expression);
  for (size_t i = 0; i < config.compiled->keys().size(); i++) {
    wiring.reads.push_back({config.compiled->keys()[i], Type::Mixed, config.compiled->is_optional(i)});
  }
}

}  // namespace

extern const Plugin filter_keep;
const Plugin filter_keep = {
    .kind = Kind::Filter,
    .name = "keep",
    .doc = "keeps the rows for which an expression is true",
    .options = options,
    .primary = "where",
    .config = config_type<KeepConfig>,
    .declare = declare,
    .filter = make_filter<Keep, KeepConfig>,
};

}  // namespace stook
