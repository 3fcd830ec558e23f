// SPDX-License-Identifier: Apache-2.0
/// Floor 4. How a runner tells the witnesses of its worker what passes.
#pragma once

#include "core/run/route_run.hh"
#include "core/run/runner.hh"
#include "core/run/worker.hh"

namespace stook {

template <class Tell>
void Runner::tell(size_t node, Selection& rows, Tell&& tell) {
  const ElementMeter* meter = node == Passing::source ? nullptr : &nodes_[node]->meter;
  for (auto& witness : worker_.witnesses()) {
    tell(*witness, Passing{route.plan, node, *bundle_, rows, keys_, is_more_, false, meter});
  }
}

}  // namespace stook
