// SPDX-License-Identifier: Apache-2.0
/// Floor 5. One picture of `stook top`: what a running stookd did between two looks at its metrics. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tool/scraped.hh"

namespace stook {

/// One element in one kind: a source, a filter, a sink's encoder (`codec`), its spool, the sink.
struct TopRow {
  std::string element;
  std::string kind;
  std::string plugin;
  std::string route;
  double in = 0;        // rows a second
  double out = 0;       // rows a second
  double bytes = 0;     // a second
  double ns = 0;        // for each row
  double busy = 0;      // of a processor: 1 is all of one
  double age = 0;       // s, of its oldest row
  double lost = 0;      // rows a second, letters included
  double all_lost = 0;  // since the start
  std::string state;    // empty: nothing to say
};

/// *Invariants:* rows stand in the order of the ledger, until `sort`.
struct TopFrame {
  TopFrame() = default;
  /// `seconds_`: between the two.
  TopFrame(const Scraped& former, const Scraped& now, double seconds_);

  std::vector<TopRow> rows;
  double seconds = 0;
  double rows_in = 0;  // of all sources, a second
  double rows_out = 0;
  double bytes_in = 0;
  double bytes_out = 0;
  double lost = 0;  // since the start
  double oldest = 0;
  double cpu = 0;  // processors
  double memory = 0;
  double uptime = 0;
  bool is_healthy = true;
  std::string version;
  /// One sentence: what keeps more rows from passing, or what has most to do.
  std::string bottleneck;

  /// By a column of `top_columns`, the largest first; texts from A on. Stable. False: there is no such column.
  bool sort(std::string_view column, bool is_reverse);
  /// Keeps the rows in which one of element, kind, plugin, route and state has that text.
  void filter(std::string_view text);
  /// Lines for people, without ends: a head, and a table of which the first is the title. `room`: so many columns there are;
  /// where they are few, the head has more lines and the table only what matters most.
  std::vector<std::string> head(std::string_view now, size_t room = SIZE_MAX) const;
  std::vector<std::string> table(size_t room = SIZE_MAX) const;
  /// One JSON object on one line.
  std::string json() const;
};

/// In the order of the table.
std::vector<std::string_view> top_columns();

}  // namespace stook
