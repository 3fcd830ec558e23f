// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Standing: how far the rows of one source have come, and who has the oldest of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// Who has rows that are not final, as far as can be seen from outside.
struct Holder {
  /// Nobody: they are on their way. Failing: the sink takes nothing. Silent: it has not answered. Busy: it has older rows
  /// to deliver. Running: a filter or an encoder has not come back. Holding: a filter keeps rows.
  /// Suspended: a filter gave up.
  enum class Kind : uint8_t { Nobody, Failing, Silent, Busy, Running, Holding, Suspended };
  Kind kind = Kind::Nobody;
  std::string id;      // of the instance
  int64_t since = 0;   // ns, monotonic
  std::string reason;  // of a failing sink or a suspended filter: its own words
};

/// One source and what hangs on it, at one moment; or a sink that has rows of its own to deliver, as from a spool.
/// Times are ns of CLOCK_MONOTONIC.
struct Standing {
  std::string source;
  /// The stack in which the holder stands, from the source on; the source alone when nobody is known to hold anything.
  std::string stack;
  int64_t oldest_at = 0;  // when the oldest unsettled row was sealed; 0: all is settled
  int64_t moved_at = 0;   // when rows were last acknowledged; 0: never
  uint64_t rows = 0;      // not settled, or settled behind one that is not
  Holder holder;

  bool is_out() const { return oldest_at != 0; }
  int64_t age(int64_t now) const { return is_out() ? std::max<int64_t>(0, now - oldest_at) : 0; }
  /// How long there has been something to acknowledge and nothing was.
  int64_t still_for(int64_t now) const {
    return is_out() ? std::max<int64_t>(0, now - std::max(oldest_at, moved_at)) : 0;
  }
};

/// The moment, and every source of a running plan.
struct Standings {
  int64_t now = 0;
  int64_t stall_after = 0;  // ns; 0: nothing is ever late
  std::vector<Standing> all;

  bool is_late(const Standing& one) const { return stall_after > 0 && one.is_out() && one.age(now) >= stall_after; }
  bool is_stalled(const Standing& one) const { return is_late(one) && one.still_for(now) >= stall_after; }
  size_t stalled() const {
    return static_cast<size_t>(
        std::count_if(all.begin(), all.end(), [this](const Standing& one) { return is_stalled(one); }));
  }
  bool is_out() const {
    return std::any_of(all.begin(), all.end(), [](const Standing& one) { return one.is_out(); });
  }
  /// The first line begins with `healthy` or `unhealthy`; then each source that has rows out, the stalled ones first.
  std::string text() const;
  /// One line for a service manager's status.
  std::string summary() const;
  /// One JSON object on one line, all sources in it.
  std::string json() const;
};

/// `sink`, `filter` or empty; and what it does: `failing`, `silent`, `busy`, `running`, `holding`,
/// `suspended`, `none`.
std::string_view holder_state(Holder::Kind kind);

}  // namespace stook
