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

#include "core/api/where.hh"

namespace stook {

namespace {
constexpr std::array options = {
    option<&WhereConfig::expression>("where", required, "which rows go, as in status < 400 or path ~ \"^/health\""),
    option<&WhereConfig::match_limit>("match_limit", "1000000",
                                      "steps after which the search of a regular expression is given up", {1, 1e9}),
};

std::unique_ptr<Filter> make(const Make& make) {
  return std::make_unique<Where>(*static_cast<const WhereConfig*>(make.config), Matched::Yes);
}
}  // namespace

extern const Plugin filter_drop;
const Plugin filter_drop = {
    .kind = Kind::Filter,
    .name = "drop",
    .doc = "drops the rows for which an expression is true",
    .options = options,
    .primary = "where",
    .config = config_type<WhereConfig>,
    .declare = declare_where,
    .filter = make,
};

}  // namespace stook
