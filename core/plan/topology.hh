// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. The stacks of a plan as a graph: who hands rows to whom. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

class Plan;

/// *Invariants:* a source or filter stands once in each route that has it, a sink once; nobody comes round to himself.
struct Topology {
  struct Node {
    std::string id;
    std::string kind;  // source, refusals, filter, sink, member
    std::string plugin;
    std::string route;  // the source at its head; of a sink and a member: empty
  };
  /// Ok: rows that went well. Error: rows that failed, or that a sink refused. Member: of a group.
  struct Edge {
    size_t from;
    size_t to;
    std::string way;  // ok, error, member
    std::string route;
  };
  std::vector<Node> nodes;
  std::vector<Edge> edges;

  /// As the control socket gives it, a line each, words parted by tabs: `node`, id, kind, plugin, route; `edge`, the
  /// positions of two nodes counted from 0, way, route.
  std::string text() const;
  /// Reads it back; lines that are neither are passed over.
  static Topology parse(std::string_view text);
};

Topology topology_of(const Plan& plan);

}  // namespace stook
