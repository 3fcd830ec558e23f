// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Stacks for refused rows: `on_refused = mark:SET, bad:FILE` on a sink makes a route of its own, whose source has
/// the rows that the sink will never take.
#pragma once

#include "core/plan/binder.hh"
#include "core/plan/draft.hh"

namespace stook {

/// The keys of a refused row, in the order in which its source writes them.
enum RefusedKey : size_t {
  refused_message,
  refused_reason,
  refused_sink,
  refused_attempts,
  refused_time,
  refused_rows,
  refused_address,
  refused_id
};

/// While elements are bound: makes the source of what that sink refuses, `ID.refused`, and puts it at the head of the stack
/// that its option `given` names.
void add_refusals(Draft& draft, Binder& binder, size_t sink, const Given& given, StackDraft stack);
/// Once instances are filled: a source of refused rows is another one when its sink is, and no row comes round again.
void join_refusals(Draft& draft);

}  // namespace stook
