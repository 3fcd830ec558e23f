// SPDX-License-Identifier: Apache-2.0
/// Floor 0. The reports that crashes have left in a folder; core/daemon/crash.hh says what is in them.
#pragma once

#include <string>
#include <vector>

namespace stook {

/// The reports there are, the oldest first.
std::vector<std::string> crash_reports_in(const std::string& folder);
/// Logs each report that nobody has been told of, event `crashed_before`; of all the last eight stay.
void tell_former_crashes(const std::string& folder);

}  // namespace stook
