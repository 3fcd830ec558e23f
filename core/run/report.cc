// SPDX-License-Identifier: Apache-2.0
#include "core/run/report.hh"

#include <algorithm>
#include <cstdio>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/run/engine.hh"
#include "core/run/runner.hh"

namespace stook {

uint64_t ReportLine::dropped_rows() const {
  uint64_t rows = 0;
  for (auto& [reason, count] : dropped) {
    rows += count;
  }
  return rows;
}

bool ReportLine::is_balanced() const {
  return in + appended == out + disposed + held + dropped_rows() + routed + in_flight;
}

uint64_t Report::rows_in_flight() const {
  uint64_t rows = 0;
  for (const ReportLine& line : lines) {
    rows += line.in_flight;
  }
  return rows;
}

uint64_t Report::rows_dropped() const {
  uint64_t rows = 0;
  for (const ReportLine& line : lines) {
    rows += line.dropped_rows();
  }
  return rows;
}

uint64_t Report::rows_read() const {
  uint64_t rows = 0;
  for (const ReportLine& line : lines) {
    rows += line.kind == "source" ? line.in : 0;
  }
  return rows;
}

uint64_t Report::bytes_read() const {
  uint64_t bytes = 0;
  for (const ReportLine& line : lines) {
    bytes += line.kind == "source" ? line.bytes : 0;
  }
  return bytes;
}

bool Report::is_balanced() const {
  return std::all_of(lines.begin(), lines.end(), [](const ReportLine& line) { return line.is_balanced(); });
}

std::string Report::busiest() const {
  auto line = std::max_element(lines.begin(), lines.end(),
                               [](const ReportLine& a, const ReportLine& b) { return a.ns < b.ns; });
  if (line == lines.end() || elapsed_ns == 0) {
    return "nothing has run";
  }
  return line->id + " (" + line->plugin + ") " + std::to_string(line->ns * 100 / static_cast<uint64_t>(elapsed_ns)) +
         " % of a processor";
}

namespace {
void add_reason(Reasons& reasons, std::string_view reason, uint64_t count) {
  if (count == 0) {
    return;
  }
  for (auto& [known, sum] : reasons) {
    if (known == reason) {
      sum += count;
      return;
    }
  }
  reasons.emplace_back(reason, count);
}

void add_node(ReportLine& line, const Runner& runner, size_t node, bool is_sink) {
  const ElementMeter& meter = runner.meter(node);
  line.in += meter.rows_in.read();
  line.appended += meter.appended.read();
  line.out += meter.rows_out.read();
  line.disposed += meter.disposed.read();
  line.held += meter.held.read();
  line.faults += meter.faults.read();
  line.routed += meter.faults_routed.read();
  line.type_faults += meter.type_faults.read();
  line.keys_lost += meter.keys_lost.read();
  line.ns += meter.ns.read();
  add_reason(line.dropped, is_sink ? "encode" : "error", meter.faults_dropped.read());
  if (is_sink) {
    add_reason(line.dropped, "full", runner.dropped_full(node).read());
  }
}

void add_nodes(Report& report, const RouteRun& route, const std::vector<size_t>& nodes, size_t depth) {
  for (size_t node : nodes) {
    const Node& plan = route.plan.nodes[node];
    bool is_sink = plan.instance->plugin->kind == Kind::Sink;
    ReportLine line;
    line.id = plan.instance->id;
    line.kind = is_sink ? "codec" : "filter";
    line.plugin = is_sink ? plan.instance->codec->name : plan.instance->plugin->name;
    line.route = route.plan.source->id;
    line.depth = depth;
    for (auto& runner : route.runners) {
      if (runner) {
        add_node(line, *runner, node, is_sink);
      }
    }
    report.lines.push_back(line);
    add_nodes(report, route, plan.children, depth + 1);
    add_nodes(report, route, plan.error_children, depth + 1);
  }
}

uint64_t rows_into(const Report& report, std::string_view sink) {
  uint64_t rows = 0;
  for (const ReportLine& line : report.lines) {
    rows += line.kind == "codec" && line.id == sink ? line.out : 0;
  }
  return rows;
}
}  // namespace

Report Engine::report() const {
  Report report;
  report.elapsed_ns = monotonic_ns() - started_at_;
  report.is_all_home = is_all_home_;
  for (auto& route : routes_) {
    const SourceMeter& meter = route->feed->meter;
    ReportLine line;
    line.id = route->plan.source->id;
    line.kind = "source";
    line.plugin = route->plan.source->plugin->name;
    line.route = line.id;
    line.in = meter.rows.read();
    line.bytes = meter.bytes.read();
    for (size_t i = 0; i < losses; i++) {
      uint64_t lost = meter.lost[i].read();
      line.in += lost;  // a row that was lost before it was fed has come in all the same
      add_reason(line.dropped, loss_name(static_cast<Loss>(i)), lost);
    }
    size_t at = report.lines.size();
    report.lines.push_back(line);
    add_nodes(report, *route, route->plan.roots, 1);
    uint64_t taken = 0;
    for (auto& runner : route->runners) {
      taken += runner && !route->plan.roots.empty() ? runner->rows_taken.read() : 0;
    }
    report.lines[at].out = taken;
    report.lines[at].in_flight = line.in - line.dropped_rows() - taken;
  }
  for (auto& carrier : carriers_) {
    ReportLine line;
    line.id = carrier->instance.id;
    line.kind = "sink";
    line.plugin = carrier->instance.plugin->name;
    line.in = rows_into(report, line.id);
    line.out = carrier->meter.rows.read();
    line.bytes = carrier->meter.bytes.read();
    line.retries = carrier->meter.retries.read();
    line.ns = carrier->meter.ns.read();
    add_reason(line.dropped, "refused", carrier->meter.refused_rows.read());
    line.in_flight = line.in - std::min(line.in, line.out + line.dropped_rows());
    report.lines.push_back(line);
  }
  return report;
}

}  // namespace stook
