// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Who hears what is logged: the source `self`.
#pragma once

#include <string_view>

#include "core/base/log.hh"

namespace stook {

/// Hears each event that is written to the log.
class LogEar {
 public:
  virtual ~LogEar() = default;
  /// Called by any thread that logs, one at a time, under the lock of `add_log_ear`. Must be quick, and must not log.
  /// `fields`: as in the line, each with a blank before it.
  virtual void hear(Level level, std::string_view event, std::string_view fields) = 0;
};

/// From here on it hears. Any thread.
void add_log_ear(LogEar& ear);
/// Once this has returned it hears no more.
void remove_log_ear(LogEar& ear);
/// Tells all of them; called by log_event.
void tell_log_ears(Level level, std::string_view event, std::string_view fields);

}  // namespace stook
