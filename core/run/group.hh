// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Makes the sink of an instance: for a group, with all its members.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/api/sink.hh"
#include "core/plan/plan.hh"
#include "core/run/report.hh"

namespace stook {

class Carrier;

/// The sink of an instance, for what `codec` writes. `hurry`: see Make. `meters`: one for each member of a group; they
/// outlive the sink.
std::unique_ptr<Sink> build_sink(const Instance& instance, const Plugin& codec, std::string_view header,
                                 MemberMeter* meters, int64_t (*clock)(), int hurry);

/// One line for each member of the carrier's group. Rows in are those that it took or missed.
std::vector<ReportLine> member_lines(const Carrier& carrier);

}  // namespace stook
