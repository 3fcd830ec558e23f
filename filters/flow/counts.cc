// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/counts.hh"

namespace stook {

namespace {
struct CountName {
  const char* name;
  const char* reason;
  const char* doc;
};
constexpr CountName names[flow_counts] = {
    {"lost_records", "sequence", "flow records that never came, by the exporters' sequence numbers"},
    {"lost_messages", "sequence", "messages of NetFlow 9 that never came, by the exporters' sequence numbers"},
    {"lost_sets", "no_template", "sets of data given up because their template did not come"},
    {"late_messages", "", "messages that came behind their successors"},
    {"sequence_restarts", "", "sequences that began anew"},
    {"templates_evicted", "", "templates forgotten because there were too many"},
    {"templates_refused", "", "templates with too many fields, no bytes, or a wrong number"},
};
}  // namespace

FlowCounts::FlowCounts(std::string_view instance) {
  for (size_t i = 0; i < flow_counts; i++) {
    MeterLabels labels;
    if (names[i].reason[0] != '\0') {
      labels["reason"] = names[i].reason;
    }
    meters_[i] = script_meter(ScriptMeter::Kind::Counter, instance, names[i].name, names[i].doc, std::move(labels));
  }
}

}  // namespace stook
