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

#include "core/api/where.hh"

namespace stook {

namespace {
constexpr std::array options = {
    option<&WhereConfig::expression>("where", required, "which rows stay, as in status >= 500 and path ~ \"^/api\""),
    option<&WhereConfig::match_limit>("match_limit", "1000000",
                                      "steps after which the search of a regular expression is given up", {1, 1e9}),
};

std::unique_ptr<Filter> make(const Make& make) {
  return std::make_unique<Where>(*static_cast<const WhereConfig*>(make.config), Matched::No);
}
}  // namespace

extern const Plugin filter_keep;
const Plugin filter_keep = {
    .kind = Kind::Filter,
    .name = "keep",
    .doc = "keeps the rows for which an expression is true",
    .options = options,
    .primary = "where",
    .config = config_type<WhereConfig>,
    .declare = declare_where,
    .filter = make,
};

}  // namespace stook
