// SPDX-License-Identifier: Apache-2.0
/// Floor 5. How `stook graph` writes the stacks: as a tree, for Graphviz, as SVG, as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/plan/topology.hh"

namespace stook {

/// A topology and, of a running stookd, what passes. *Invariants:* `rates` is empty, or has one for each edge.
struct GraphView {
  Topology graph;
  std::vector<double> rates;       // rows a second; below 0: not known
  std::vector<std::string> notes;  // by node, of what is wrong with it; empty: nothing

  /// `12 345 rows/s`, or nothing.
  std::string label(size_t edge) const;
  std::string note(size_t node) const { return node < notes.size() ? notes[node] : std::string(); }

  /// A tree for each source; what stands in several is written in each.
  std::string tree() const;
  /// For dot(1).
  std::string dot() const;
  /// One picture that needs nothing else. Layers from left to right, each node behind all that hand rows to it.
  std::string svg() const;
  std::string json() const;
};

}  // namespace stook
