// SPDX-License-Identifier: Apache-2.0
#include "core/plan/topology.hh"

#include <algorithm>
#include <charconv>

#include "core/plan/plan.hh"

namespace stook {

namespace {
/// Puts a plan's routes into a graph.
class Drawing {
 public:
  explicit Drawing(Topology& graph) : graph_(graph) {}

  void add_route(const Route& route) {
    const Instance& source = *route.source;
    bool is_refusals = !source.refusals_of.empty();
    size_t head = node({source.id, is_refusals ? "refusals" : "source", source.plugin->name, source.id});
    route_ = &route;
    add_below(head, route.roots, "ok");
  }
  // What sinks refuse comes round by stacks of their own.
  void join_refusals(const Plan& plan) {
    for (const auto& route : plan.routes) {
      const std::string& sink = route->source->refusals_of;
      if (!sink.empty()) {
        edge({find(sink, "sink", ""), find(route->source->id, "refusals", route->source->id), "error", ""});
      }
    }
  }

 private:
  void add_below(size_t from, const std::vector<size_t>& children, const char* way) {
    for (size_t child : children) {
      const Node& plan = route_->nodes[child];
      bool is_sink = plan.instance->plugin->kind == Kind::Sink;
      size_t to = node({plan.instance->id, is_sink ? "sink" : "filter", plan.instance->plugin->name,
                        is_sink ? "" : route_->source->id});
      edge({from, to, way, route_->source->id});
      for (const auto& member : plan.instance->members) {
        edge({to, node({member->id, "member", member->plugin->name, ""}), "member", ""});
      }
      add_below(to, plan.children, "ok");
      add_below(to, plan.error_children, "error");
    }
  }
  size_t find(const std::string& id, std::string_view kind, const std::string& route) const {
    auto found = std::find_if(graph_.nodes.begin(), graph_.nodes.end(), [&](const Topology::Node& one) {
      return one.id == id && one.kind == kind && one.route == route;
    });
    return static_cast<size_t>(found - graph_.nodes.begin());
  }
  size_t node(Topology::Node one) {
    size_t at = find(one.id, one.kind, one.route);
    if (at == graph_.nodes.size()) {
      graph_.nodes.push_back(std::move(one));
    }
    return at;
  }
  void edge(Topology::Edge one) {
    bool is_there = std::any_of(graph_.edges.begin(), graph_.edges.end(), [&](const Topology::Edge& other) {
      return one.from == other.from && one.to == other.to && one.way == other.way && one.route == other.route;
    });
    if (!is_there && std::max(one.from, one.to) < graph_.nodes.size()) {
      graph_.edges.push_back(std::move(one));
    }
  }

  Topology& graph_;
  const Route* route_ = nullptr;
};

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (size_t at = 0; at <= line.size();) {
    size_t end = std::min(line.find('\t', at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Behind all when it is no number.
size_t number(const std::string& text) {
  size_t value = SIZE_MAX;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
}  // namespace

Topology topology_of(const Plan& plan) {
  Topology graph;
  Drawing drawing(graph);
  for (const auto& route : plan.routes) {
    drawing.add_route(*route);
  }
  drawing.join_refusals(plan);
  return graph;
}

std::string Topology::text() const {
  std::string text;
  for (const Node& one : nodes) {
    text += "node\t" + one.id + "\t" + one.kind + "\t" + one.plugin + "\t" + one.route + "\n";
  }
  for (const Edge& one : edges) {
    text +=
        "edge\t" + std::to_string(one.from) + "\t" + std::to_string(one.to) + "\t" + one.way + "\t" + one.route + "\n";
  }
  return text;
}

Topology Topology::parse(std::string_view text) {
  Topology graph;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::vector<std::string> words = words_of(text.substr(0, end));
    if (words.size() == 5 && words[0] == "node") {
      graph.nodes.push_back({words[1], words[2], words[3], words[4]});
    } else if (words.size() == 5 && words[0] == "edge") {
      Edge edge{number(words[1]), number(words[2]), words[3], words[4]};
      if (std::max(edge.from, edge.to) < graph.nodes.size()) {
        graph.edges.push_back(std::move(edge));
      }
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return graph;
}

}  // namespace stook
