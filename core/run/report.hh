// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The ledger as people see it: rows in, out, dropped by reason and in flight, at every edge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

/// Counts by reason, in a fixed order.
using Reasons = std::vector<std::pair<std::string_view, uint64_t>>;

/// What one place of the topology has done since start.
struct ReportLine {
  std::string id;
  std::string_view kind;  // source, filter, codec, sink, or member of a group
  std::string plugin;
  std::string route;      // the id of the source at its head; of a member: of its group
  size_t depth = 0;       // in the tree of stacks
  uint64_t in = 0;        // rows that came in; of a source: rows read
  uint64_t appended = 0;  // rows made by the element
  uint64_t out = 0;       // rows handed on; of a sink: rows delivered
  uint64_t disposed = 0;  // rows dropped on purpose
  uint64_t held = 0;      // rows kept back to become part of others, which count as appended
  uint64_t faults = 0;    // rows that failed, whatever became of them
  Reasons dropped;        // rows lost, by reason
  uint64_t routed = 0;    // rows sent to the on_error stack
  uint64_t lettered = 0;  // rows that the sink did not take, kept as letters
  uint64_t in_flight = 0;
  uint64_t spooled = 0;  // rows that wait in a spool, safe from a crash
  uint64_t direct = 0;   // of the rows that came into a sink: those that came without a spool
  uint64_t bytes = 0;
  uint64_t ns = 0;          // time spent here
  uint64_t deliveries = 0;  // shipments offered
  uint64_t retries = 0;
  std::string_view state;    // of a member: used, ready or failing
  uint64_t type_faults = 0;  // values of another type than the declared one; they were read as absent
  uint64_t keys_lost = 0;    // keys of rows for which there was no room; the rows went on without them
  Reasons remarks;           // what cost no row, and how much of it; without those that are 0

  uint64_t dropped_rows() const;
  void drop(std::string_view reason, uint64_t rows);
  /// in + appended = out + disposed + held + dropped + routed + lettered + in flight + spooled.
  bool is_balanced() const;
};

/// All lines, a source before its elements, elements in order of their stacks. A sink that several stacks reach has one
/// line per stack for its encoder and one for its delivery.
struct Report {
  std::vector<ReportLine> lines;
  int64_t elapsed_ns = 0;
  /// After the end: every bundle, payload and receipt has come home.
  bool is_all_home = false;

  uint64_t rows_in_flight() const;
  uint64_t rows_dropped() const;
  uint64_t rows_lettered() const;
  uint64_t rows_read() const;
  uint64_t bytes_read() const;
  bool is_balanced() const;
  /// The table for people, its columns aligned; the last line says whether it balances.
  std::string table() const;
  /// The same as one JSON object.
  std::string json() const;
  /// One line: what took most of the time, and how much of one processor.
  std::string busiest() const;
};

class Carrier;
class RemarkMeter;
class RouteRun;

/// The lines of a route: its source (rows in only with `with_source`, for a feed may outlive its route) and elements.
std::vector<ReportLine> route_lines(const RouteRun& route, bool with_source);
/// Without those that are 0.
Reasons remarks_of(const RemarkMeter& meter);
/// What a carrier has delivered. Of one that is used all rows that its encoders have written have come in, see count_in.
std::vector<ReportLine> sink_lines(const Carrier& carrier, bool is_used);
/// Counts rows that encoders have written as come into the sink, or into its spool where it has one now.
void count_in(std::vector<ReportLine>& sinks, const std::vector<ReportLine>& all, bool has_spool,
              std::string_view sink);
/// Adds the counts of a line to those of the same element, or appends it.
void merge_line(std::vector<ReportLine>& lines, const ReportLine& more);

}  // namespace stook
