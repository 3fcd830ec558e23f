// SPDX-License-Identifier: Apache-2.0
/// Floor 4. What somebody who looks at rows on a worker is told of them as they pass.
#pragma once

#include <cstddef>

#include "core/base/room.hh"
#include "core/data/bundle.hh"
#include "core/data/schema.hh"
#include "core/data/selection.hh"
#include "core/plan/plan.hh"

namespace stook {

class Payload;
struct ElementMeter;

/// Rows of one bundle at one element of its route.
struct Passing {
  const Route& route;
  /// Position in route.nodes; `source`: at the source.
  size_t node;
  Bundle& bundle;
  Selection& rows;
  OpenKeys& keys;
  /// The rows are others than those that the bundle brought: an element makes them in its place.
  bool is_more = false;
  /// A sink that may drop has no room for these rows.
  bool is_full = false;
  /// What the element has counted so far; null at the source.
  const ElementMeter* meter = nullptr;

  static constexpr size_t source = SIZE_MAX;
  const Instance& instance() const { return node == source ? *route.source : *route.nodes[node].instance; }
};

/// Looks on, and changes nothing: neither rows nor cells nor the selection. Called only while it is in a worker's list;
/// elements are told of in the order in which they run. What it does costs the worker's time, so each keeps its own bound.
/// *Rooms:* the worker in whose list it is.
class Witness {
 public:
  virtual ~Witness() = default;
  /// A bundle begins: its rows as the source made them.
  virtual void begins(const Passing& at) ROOM(worker) = 0;
  /// Rows go into an element; at a sink: they are about to be encoded.
  virtual void enters(const Passing& at) ROOM(worker) = 0;
  /// An element has run. `at.rows` are those that it leaves, which are to go on but for those of `faulted`, whose way
  /// `on_error` says. At a sink only when a row was not encoded: `faulted` are these, all of them when the sink is full.
  virtual void leaves(const Passing& at, const Selection& faulted) ROOM(worker) = 0;
  /// The rows but for those of `faulted` are in the payload now, from the position `first` on.
  virtual void encoded(const Passing& /*at*/, const Selection& /*faulted*/, Payload& /*payload*/, size_t /*first*/)
      ROOM(worker) {}
  /// The bundle is through.
  virtual void ends(const Bundle& bundle) ROOM(worker) = 0;
};

}  // namespace stook
