// SPDX-License-Identifier: Apache-2.0
/// The rows of `self`. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/own_meters.hh"
#include "core/api/plugin.hh"
#include "core/api/script_meters.hh"
#include "core/base/log.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<Level>[] = {"debug", "info", "notice", "warning", "error", "fatal"};

/// An event of the log, and when it was written.
struct SelfEvent {
  int64_t time;
  Level level;
  std::string event;
  /// As in the line, each with a blank before it.
  std::string fields;
};

void declare_self_keys(Wiring& wiring);
/// Each appends a row; false: the pool is empty.
[[nodiscard]] bool put_self_event(Feed& feed, const SelfEvent& event) ROOM(front);
[[nodiscard]] bool put_self_meter(Feed& feed, const OwnMeter& meter) ROOM(front);
[[nodiscard]] bool put_script_meter(Feed& feed, const ScriptMeter& meter) ROOM(front);

}  // namespace stook
