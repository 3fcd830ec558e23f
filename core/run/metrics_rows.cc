// SPDX-License-Identifier: Apache-2.0
/// The ledger's lines as metrics.
#include <algorithm>
#include <span>

#include "core/run/metric_table.hh"
#include "core/run/metrics.hh"
#include "core/run/report.hh"

namespace stook {

namespace {
// Counted from 0 on, so that the first loss is an increase: a series that begins with 1 shows none.
constexpr std::string_view source_reasons[] = {"kernel", "overrun", "pool", "too_long", "unreadable", "framing"};
constexpr std::string_view filter_reasons[] = {"error"};
constexpr std::string_view codec_reasons[] = {"encode", "full"};
constexpr std::string_view sink_reasons[] = {"refused", "given_up", "letters_full", "abandoned"};
constexpr std::string_view spool_reasons[] = {"too_long", "abandoned", "spool_full", "damaged"};
constexpr std::string_view refusal_reasons[] = {"pool"};
struct Known {
  std::string_view kind;
  std::span<const std::string_view> reasons;
};
constexpr Known by_kind[] = {{"source", source_reasons}, {"filter", filter_reasons}, {"codec", codec_reasons},
                             {"sink", sink_reasons},     {"spool", spool_reasons},   {"refusals", refusal_reasons}};

std::string labels_of(const ReportLine& line, std::string_view name = {}, std::string_view value = {}) {
  return label_text(
      {{"element", line.id}, {"kind", line.kind}, {"plugin", line.plugin}, {"route", line.route}, {name, value}});
}

std::vector<std::string_view> reasons_of(const ReportLine& line) {
  std::vector<std::string_view> reasons;
  for (const Known& one : by_kind) {
    if (one.kind == line.kind) {
      reasons.assign(one.reasons.begin(), one.reasons.end());
    }
  }
  for (const auto& [reason, rows] : line.dropped) {
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
      reasons.push_back(reason);
    }
  }
  return reasons;
}

uint64_t dropped_for(const ReportLine& line, std::string_view reason) {
  for (const auto& [counted, rows] : line.dropped) {
    if (counted == reason) {
      return rows;
    }
  }
  return 0;
}

struct Column {
  const MetricFamily& family;
  uint64_t ReportLine::*count;
};
constexpr Column columns[] = {{metric::rows_in, &ReportLine::in},
                              {metric::rows_appended, &ReportLine::appended},
                              {metric::rows_out, &ReportLine::out},
                              {metric::rows_filtered, &ReportLine::disposed},
                              {metric::rows_held, &ReportLine::held},
                              {metric::rows_routed, &ReportLine::routed},
                              {metric::rows_letters, &ReportLine::lettered},
                              {metric::rows_spooled, &ReportLine::spooled},
                              {metric::rows_in_flight, &ReportLine::in_flight},
                              {metric::rows_failed, &ReportLine::faults},
                              {metric::bytes, &ReportLine::bytes},
                              {metric::type_faults, &ReportLine::type_faults},
                              {metric::keys_lost, &ReportLine::keys_lost}};
}  // namespace

void put_rows(MetricText& out, const std::vector<ReportLine>& lines) {
  for (const Column& column : columns) {
    out.begin(column.family);
    for (const ReportLine& line : lines) {
      out.sample(labels_of(line), line.*column.count);
    }
  }
  out.begin(metric::rows_dropped);
  for (const ReportLine& line : lines) {
    for (std::string_view reason : reasons_of(line)) {
      out.sample(labels_of(line, "reason", reason), dropped_for(line, reason));
    }
  }
  out.begin(metric::busy);
  for (const ReportLine& line : lines) {
    out.seconds(labels_of(line), static_cast<int64_t>(line.ns));
  }
  out.begin(metric::remarks);
  for (const ReportLine& line : lines) {
    for (const auto& [what, number] : line.remarks) {
      out.sample(labels_of(line, "what", what), number);
    }
  }
  out.begin(metric::member);
  for (const ReportLine& line : lines) {
    if (!line.state.empty()) {
      out.sample(label_text({{"element", line.id}, {"group", line.route}, {"state", line.state}}), uint64_t{1});
    }
  }
}

}  // namespace stook
