// SPDX-License-Identifier: Apache-2.0
#include "core/run/report.hh"

#include <algorithm>
#include <cstdio>
#include <map>

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
  return in + appended == out + disposed + held + dropped_rows() + routed + lettered + in_flight + spooled;
}

namespace {
template <class Count>
uint64_t sum_of(const std::vector<ReportLine>& lines, Count count) {
  uint64_t sum = 0;
  for (const ReportLine& line : lines) {
    sum += count(line);
  }
  return sum;
}
}  // namespace

uint64_t Report::rows_in_flight() const {
  return sum_of(lines, [](auto& line) { return line.in_flight; });
}

uint64_t Report::rows_dropped() const {
  return sum_of(lines, [](auto& line) { return line.dropped_rows(); });
}

uint64_t Report::rows_lettered() const {
  return sum_of(lines, [](auto& line) { return line.lettered; });
}

uint64_t Report::rows_read() const {
  return sum_of(lines, [](auto& line) { return line.kind == "source" ? line.in : 0; });
}

uint64_t Report::bytes_read() const {
  return sum_of(lines, [](auto& line) { return line.kind == "source" ? line.bytes : 0; });
}

bool Report::is_balanced() const {
  return std::all_of(lines.begin(), lines.end(), [](const ReportLine& line) { return line.is_balanced(); });
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
  // What came in is read last: a bundle that runs meanwhile is in flight, and nothing goes out that has not come in.
  line.appended += meter.appended.read();
  line.in += meter.rows_in.read();
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

// Rows that the route's workers have taken from its source.
uint64_t rows_taken(const RouteRun& route) {
  uint64_t taken = 0;
  for (auto& runner : route.runners) {
    taken += runner && !route.plan.roots.empty() ? runner->rows_taken.read() : 0;
  }
  return taken;
}

ReportLine* find_line(std::vector<ReportLine>& lines, const ReportLine& like) {
  auto found = std::find_if(lines.begin(), lines.end(), [&](const ReportLine& line) {
    return line.kind == like.kind && line.id == like.id && line.route == like.route;
  });
  return found == lines.end() ? nullptr : &*found;
}
}  // namespace

void ReportLine::drop(std::string_view reason, uint64_t rows) {
  add_reason(dropped, reason, rows);
}

void merge_line(std::vector<ReportLine>& lines, const ReportLine& more) {
  ReportLine* line = find_line(lines, more);
  if (line == nullptr) {
    lines.push_back(more);
    return;
  }
  line->in += more.in;
  line->appended += more.appended;
  line->out += more.out;
  line->disposed += more.disposed;
  line->held += more.held;
  line->faults += more.faults;
  line->routed += more.routed;
  line->lettered += more.lettered;
  line->bytes += more.bytes;
  line->ns += more.ns;
  line->spooled += more.spooled;
  line->direct += more.direct;
  line->deliveries += more.deliveries;
  line->retries += more.retries;
  line->type_faults += more.type_faults;
  line->keys_lost += more.keys_lost;
  line->state = more.state;
  for (auto& [reason, rows] : more.dropped) {
    add_reason(line->dropped, reason, rows);
  }
  for (auto& [name, number] : more.remarks) {
    add_reason(line->remarks, name, number);
  }
}

Reasons remarks_of(const RemarkMeter& meter) {
  Reasons list;
  for (size_t i = 0; i < remarks; i++) {
    Remark remark = static_cast<Remark>(i);
    add_reason(list, remark_name(remark), meter.read(remark));
  }
  return list;
}

std::vector<ReportLine> route_lines(const RouteRun& route, bool with_source) {
  Report report;
  ReportLine line;
  line.id = route.plan.source->id;
  line.kind = route.plan.source->refusals_of.empty() ? "source" : "refusals";
  line.plugin = route.plan.source->plugin->name;
  line.route = line.id;
  line.out = rows_taken(route);  // before what came in, as everywhere
  if (with_source) {
    const SourceMeter& meter = route.feed->meter;
    line.in = meter.rows.read();
    line.bytes = meter.bytes.read();
    for (size_t i = 0; i < losses; i++) {
      uint64_t lost = meter.lost[i].read();
      line.in += lost;  // a row that was lost before it was fed has come in all the same
      add_reason(line.dropped, loss_name(static_cast<Loss>(i)), lost);
    }
    line.remarks = remarks_of(meter.remarks);
  }
  report.lines.push_back(line);
  add_nodes(report, route, route.plan.roots, 1);
  return report.lines;
}

Report Engine::report() const {
  Report report;
  report.elapsed_ns = monotonic_ns() - started_at_;
  report.is_all_home = is_all_home_;
  // Sinks are read first: what they have taken by then has been encoded before.
  std::vector<ReportLine> sinks;
  std::map<std::string_view, const Carrier*> used;  // by sink; where there are two, the one that came last
  for (auto& carrier : carriers_) {
    used[carrier->instance.id] = carrier.get();
  }
  for (auto* carriers : {&carriers_, &former_carriers_}) {
    for (auto& carrier : *carriers) {
      auto user = used.find(carrier->instance.id);
      for (const ReportLine& line : sink_lines(*carrier, user != used.end() && user->second == carrier.get())) {
        merge_line(sinks, line);
      }
    }
  }
  for (auto& route : routes_) {
    std::vector<ReportLine> lines = route_lines(*route, route->feed != nullptr);
    report.lines.insert(report.lines.end(), lines.begin(), lines.end());
  }
  for (const ReportLine& line : former_) {
    merge_line(line.kind == "sink" || line.kind == "spool" || line.kind == "member" ? sinks : report.lines, line);
  }
  for (ReportLine& line : report.lines) {
    uint64_t gone = line.out + line.disposed + line.held + line.dropped_rows() + line.routed;
    line.in_flight = line.in + line.appended - std::min(line.in + line.appended, gone);
  }
  for (size_t i = 0; i < sinks.size(); i++) {
    if (sinks[i].kind == "sink") {
      auto user = used.find(sinks[i].id);
      count_in(sinks, report.lines, user != used.end() && user->second->spooled() != nullptr, sinks[i].id);
    }
  }
  for (ReportLine& line : sinks) {
    if (line.kind == "member") {
      report.lines.push_back(line);
      continue;
    }
    uint64_t gone = line.out + line.lettered + line.routed + line.dropped_rows() + line.spooled;
    line.in_flight = line.in + line.appended - std::min(line.in + line.appended, gone);
    report.lines.push_back(line);
  }
  return report;
}

}  // namespace stook
