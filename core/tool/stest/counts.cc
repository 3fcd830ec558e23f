// SPDX-License-Identifier: Apache-2.0
/// What a test can count: the ledger's numbers, and the meters of scripts.
#include <cmath>

#include "core/api/script_meters.hh"
#include "core/run/report.hh"
#include "core/tool/stest/rehearsal.hh"

namespace stook {

namespace {
// What a meter shows as a whole number.
uint64_t metered(const ScriptMeter& meter) {
  return meter.kind() == ScriptMeter::Kind::Gauge ? static_cast<uint64_t>(std::llround(meter.value())) : meter.count();
}
}  // namespace

void Rehearsal::remember_meters() {
  for (const auto& meter : script_meters()) {
    if (meter->kind() != ScriptMeter::Kind::Gauge) {
      meters_before_[meter->instance() + "." + meter->name()] = meter->count();
    }
  }
}

std::map<std::string, uint64_t> Rehearsal::counts(const std::string& element) const {
  ReportLine sum;
  for (auto& route : routes_) {
    for (const ReportLine& line : route_lines(*route, true)) {
      if (line.id == element) {
        std::vector<ReportLine> both = {std::move(sum)};
        both[0].id = line.id;
        both[0].kind = line.kind;
        both[0].route = line.route;
        merge_line(both, line);
        sum = std::move(both[0]);
      }
    }
  }
  std::map<std::string, uint64_t> counts = {{"in", sum.in},
                                            {"out", sum.out},
                                            {"filtered", sum.disposed},
                                            {"held", sum.held},
                                            {"made", sum.appended},
                                            {"dropped", sum.dropped_rows()},
                                            {"routed", sum.routed},
                                            {"failed", sum.faults},
                                            {"type_faults", sum.type_faults},
                                            {"keys_lost", sum.keys_lost}};
  for (const auto& meter : script_meters()) {
    if (meter->instance() == element) {
      auto before = meters_before_.find(element + "." + meter->name());
      counts[std::string(meter_prefix) + meter->name()] =
          metered(*meter) - (before == meters_before_.end() ? 0 : before->second);
    }
  }
  return counts;
}

}  // namespace stook
