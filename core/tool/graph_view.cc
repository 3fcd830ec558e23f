// SPDX-License-Identifier: Apache-2.0
#include "core/tool/graph_view.hh"

#include <algorithm>
#include <cstdio>

#include "core/base/text.hh"
#include "core/plan/describe_table.hh"

namespace stook {

namespace {
void add_branches(const GraphView& view, size_t node, const std::string& route, const std::string& indent,
                  std::string& text) {
  std::vector<size_t> below;
  for (size_t i = 0; i < view.graph.edges.size(); i++) {
    const Topology::Edge& edge = view.graph.edges[i];
    if (edge.from == node && (edge.route == route || edge.way == "member")) {
      below.push_back(i);
    }
  }
  for (size_t i : below) {
    const Topology::Edge& edge = view.graph.edges[i];
    const Topology::Node& to = view.graph.nodes[edge.to];
    bool is_last = i == below.back();
    std::string label = view.label(i);
    std::string note = view.note(edge.to);
    text += indent + (is_last ? "└─ " : "├─ ") + (edge.way == "error" ? "on error: " : "") + printable(to.id) + " (" +
            to.kind + " " + to.plugin + ")" + (label.empty() ? "" : "  " + label) + (note.empty() ? "" : "  " + note) +
            "\n";
    add_branches(view, edge.to, route, indent + (is_last ? "   " : "│  "), text);
  }
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : printable(text)) {
    out += c == '"' || c == '\\' ? "\\" : "";
    out += c;
  }
  return out + "\"";
}
}  // namespace

std::string GraphView::label(size_t edge) const {
  return edge < rates.size() && rates[edge] >= 0 ? show_count(static_cast<uint64_t>(rates[edge] + 0.5)) + " rows/s"
                                                 : "";
}

std::string GraphView::tree() const {
  std::string text;
  for (size_t i = 0; i < graph.nodes.size(); i++) {
    const Topology::Node& node = graph.nodes[i];
    if (node.kind != "source" && node.kind != "refusals") {
      continue;
    }
    std::string bad = note(i);
    text += printable(node.id) + " (" + (node.kind == "source" ? "source " + node.plugin : "refused rows") + ")" +
            (bad.empty() ? "" : "  " + bad) + "\n";
    add_branches(*this, i, node.route, "", text);
  }
  return text;
}

std::string GraphView::dot() const {
  std::string text =
      "digraph stook {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  for (size_t i = 0; i < graph.nodes.size(); i++) {
    const Topology::Node& node = graph.nodes[i];
    std::string bad = note(i);
    std::string label = quoted(node.id);
    label.pop_back();
    label += "\\n" + node.kind + " " + node.plugin +
             (bad.empty() ? "" : "\\n" + quoted(bad).substr(1, quoted(bad).size() - 2)) + "\"";
    text += "  n" + std::to_string(i) + " [label=" + label + (bad.empty() ? "" : ", color=red") + "];\n";
  }
  for (size_t i = 0; i < graph.edges.size(); i++) {
    const Topology::Edge& edge = graph.edges[i];
    text += "  n" + std::to_string(edge.from) + " -> n" + std::to_string(edge.to) + " [label=" + quoted(label(i)) +
            (edge.way == "error"    ? ", style=dashed, color=red"
             : edge.way == "member" ? ", style=dotted"
                                    : "") +
            "];\n";
  }
  return text + "}\n";
}

std::string GraphView::json() const {
  std::string text = "{\"nodes\":[";
  for (size_t i = 0; i < graph.nodes.size(); i++) {
    const Topology::Node& node = graph.nodes[i];
    text += std::string(i > 0 ? "," : "") + "{\"id\":" + json_text(node.id) + ",\"kind\":" + json_text(node.kind) +
            ",\"plugin\":" + json_text(node.plugin) + ",\"route\":" + json_text(node.route) +
            ",\"note\":" + json_text(note(i)) + "}";
  }
  text += "],\"edges\":[";
  for (size_t i = 0; i < graph.edges.size(); i++) {
    const Topology::Edge& edge = graph.edges[i];
    char rate[48] = "null";
    if (i < rates.size() && rates[i] >= 0) {
      std::snprintf(rate, sizeof rate, "%.3f", rates[i]);
    }
    text += std::string(i > 0 ? "," : "") + "{\"from\":" + std::to_string(edge.from) +
            ",\"to\":" + std::to_string(edge.to) + ",\"way\":" + json_text(edge.way) +
            ",\"route\":" + json_text(edge.route) + ",\"rows_per_s\":" + rate + "}";
  }
  return text + "]}\n";
}

}  // namespace stook
