// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Makes the sink of an instance: for a group, with all its members.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/api/group.hh"
#include "core/api/sink.hh"
#include "core/plan/plan.hh"
#include "core/run/report.hh"

namespace stook {

class Carrier;

/// What a sink is given beside its config. The meters outlive it; `members`: one for each member of a group. `clock` and
/// `hurry`: see Make.
struct SinkSetting {
  RemarkMeter& remarks;
  MemberMeter* members;
  int64_t (*clock)();
  int hurry;
};
/// The sink of an instance, for what `codec` writes.
std::unique_ptr<Sink> build_sink(const Instance& instance, const Plugin& codec, std::string_view header,
                                 const SinkSetting& setting);

/// One line for each member of the carrier's group. Rows in are those that it took or missed.
std::vector<ReportLine> member_lines(const Carrier& carrier);

}  // namespace stook
