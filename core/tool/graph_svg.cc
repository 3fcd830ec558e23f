// SPDX-License-Identifier: Apache-2.0
/// The picture of a graph: a layer for each distance from the sources, nodes below each other, edges as curves.
#include <algorithm>
#include <cstdio>

#include "core/base/text.hh"
#include "core/tool/graph_view.hh"

namespace stook {

namespace {
constexpr int node_width = 168;
constexpr int node_height = 44;
constexpr int gap_x = 132;
constexpr int gap_y = 26;
constexpr int margin = 20;

struct Spot {
  size_t layer = 0;
  size_t place = 0;  // from above
  int x() const { return margin + static_cast<int>(layer) * (node_width + gap_x); }
  int y() const { return margin + static_cast<int>(place) * (node_height + gap_y); }
};

// The longest way from a source; there is no way round, and if there were it would end.
std::vector<Spot> layers_of(const Topology& graph) {
  std::vector<Spot> spots(graph.nodes.size());
  for (size_t round = 0; round < graph.nodes.size(); round++) {
    for (const Topology::Edge& edge : graph.edges) {
      size_t behind = std::min(spots[edge.from].layer + 1, graph.nodes.size());
      spots[edge.to].layer = std::max(spots[edge.to].layer, behind);
    }
  }
  return spots;
}

// The middle of those that hand rows to a node; its own place when nobody does.
double middle(const Topology& graph, const std::vector<Spot>& spots, size_t node) {
  double sum = 0;
  int count = 0;
  for (const Topology::Edge& edge : graph.edges) {
    if (edge.to == node) {
      sum += static_cast<double>(spots[edge.from].place);
      count++;
    }
  }
  return count == 0 ? static_cast<double>(spots[node].place) : sum / count;
}

std::vector<Spot> arrange(const Topology& graph) {
  std::vector<Spot> spots = layers_of(graph);
  for (size_t layer = 0; layer < graph.nodes.size(); layer++) {
    std::vector<size_t> nodes;
    for (size_t i = 0; i < graph.nodes.size(); i++) {
      if (spots[i].layer == layer) {
        spots[i].place = nodes.size();
        nodes.push_back(i);
      }
    }
    std::stable_sort(nodes.begin(), nodes.end(),
                     [&](size_t a, size_t b) { return middle(graph, spots, a) < middle(graph, spots, b); });
    // As near to those before as there is room.
    size_t free = 0;
    for (size_t node : nodes) {
      size_t wanted = layer == 0 ? free : static_cast<size_t>(middle(graph, spots, node));
      spots[node].place = std::max(free, wanted);
      free = spots[node].place + 1;
    }
  }
  return spots;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : printable(text)) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  return out;
}

std::string text_at(int x, int y, const char* style, const std::string& text) {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" class=\"" + style + "\">" +
         escaped(text) + "</text>\n";
}

std::string node_svg(const GraphView& view, size_t i, const Spot& spot) {
  const Topology::Node& node = view.graph.nodes[i];
  std::string bad = view.note(i);
  std::string text = "<g><title>" +
                     escaped(node.id + ", " + node.kind + " " + node.plugin + (bad.empty() ? "" : ": " + bad)) +
                     "</title>\n<rect x=\"" + std::to_string(spot.x()) + "\" y=\"" + std::to_string(spot.y()) +
                     "\" width=\"" + std::to_string(node_width) + "\" height=\"" + std::to_string(node_height) +
                     "\" rx=\"6\" class=\"" + (bad.empty() ? node.kind : "bad") + "\"/>\n";
  int x = spot.x() + node_width / 2;
  text += text_at(x, spot.y() + 18, "id", node.id.substr(0, 22));
  text += text_at(x, spot.y() + 34, bad.empty() ? "what" : "what alarm",
                  (bad.empty() ? node.kind + " " + node.plugin : bad).substr(0, 28));
  return text + "</g>\n";
}

std::string edge_svg(const GraphView& view, size_t i, const std::vector<Spot>& spots) {
  const Topology::Edge& edge = view.graph.edges[i];
  int x1 = spots[edge.from].x() + node_width;
  int y1 = spots[edge.from].y() + node_height / 2;
  int x2 = spots[edge.to].x();
  int y2 = spots[edge.to].y() + node_height / 2;
  int bend = gap_x / 2;
  char path[160];
  std::snprintf(path, sizeof path, "M%d %d C%d %d %d %d %d %d", x1, y1, x1 + bend, y1, x2 - bend, y2, x2 - 7, y2);
  std::string text =
      "<path d=\"" + std::string(path) + "\" class=\"edge " + edge.way + "\" marker-end=\"url(#head)\"/>\n";
  std::string label = view.label(i);
  return label.empty() ? text : text + text_at(x2 - bend, y2 - 6, "rate", label);
}

constexpr const char* style =
    "<style>text{font-family:sans-serif;text-anchor:middle}.id{font-size:14px;font-weight:bold}.what{font-size:11px;"
    "fill:#444}"
    ".rate{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px}.alarm{fill:#b00000}rect{fill:#fff;stroke:#"
    "555}"
    ".source,.refusals{fill:#e8f1fb}.sink,.member{fill:#eaf6ea}.bad{fill:#fdeaea;stroke:#b00000;stroke-width:2}"
    ".edge{fill:none;stroke:#555;stroke-width:1.5}.error{stroke:#b00000;stroke-dasharray:6 3}"
    ".member.edge{fill:none;stroke-dasharray:2 3}</style>\n"
    "<defs><marker id=\"head\" markerWidth=\"8\" markerHeight=\"8\" refX=\"1\" refY=\"4\" orient=\"auto\">"
    "<path d=\"M0 0 L8 4 L0 8 z\" fill=\"#555\"/></marker></defs>\n";
}  // namespace

std::string GraphView::svg() const {
  std::vector<Spot> spots = arrange(graph);
  int width = 2 * margin;
  int height = 2 * margin;
  for (const Spot& spot : spots) {
    width = std::max(width, spot.x() + node_width + margin);
    height = std::max(height, spot.y() + node_height + margin);
  }
  std::string size = std::to_string(width) + "\" height=\"" + std::to_string(height);
  std::string box = std::to_string(width) + " " + std::to_string(height);
  std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + size + "\" viewBox=\"0 0 " + box +
                     "\" role=\"img\" aria-label=\"stacks\">\n" + style + "<path d=\"M0 0H" + std::to_string(width) +
                     "V" + std::to_string(height) + "H0z\" fill=\"#fff\"/>\n";
  for (size_t i = 0; i < graph.edges.size(); i++) {
    text += edge_svg(*this, i, spots);
  }
  for (size_t i = 0; i < graph.nodes.size(); i++) {
    text += node_svg(*this, i, spots[i]);
  }
  return text + "</svg>\n";
}

}  // namespace stook
