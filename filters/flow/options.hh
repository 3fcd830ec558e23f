// SPDX-License-Identifier: Apache-2.0
/// What options data say of an exporter: how it samples, and when it was started.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "filters/flow/domains.hh"

namespace stook {

/// Takes up one record of options data. REQUIRES: the record is whole.
void take_options(FlowDomain& domain, const FlowTemplate& form, std::string_view record);
/// The sampling of the record's own sampler, or else the domain's.
uint64_t sampling_of(const FlowDomain& domain, const FlowTemplate& form, std::string_view record);
/// Whether a record of this template names its sampler.
bool names_sampler(const FlowTemplate& form);

}  // namespace stook
