// SPDX-License-Identifier: Apache-2.0
/// The lines of sinks and their spools.
#include <algorithm>

#include "core/run/carrier.hh"
#include "core/run/group.hh"
#include "core/run/report.hh"

namespace stook {

namespace {
uint64_t less(uint64_t all, uint64_t part) {
  return all - std::min(all, part);
}

ReportLine sink_line(const Carrier& carrier, bool is_used) {
  const SinkMeter& meter = carrier.meter;
  ReportLine line;
  line.id = carrier.instance.id;
  line.kind = "sink";
  line.plugin = carrier.instance.plugin->name;
  line.out = meter.rows.read();
  line.bytes = meter.bytes.read();
  line.deliveries = meter.deliveries.read();
  line.retries = meter.retries.read();
  line.ns = meter.ns.read();
  line.drop("refused", meter.refused_rows.read());
  line.drop("given_up", meter.given_up_rows.read());
  line.drop("letters_full", meter.letters_full_rows.read());
  line.drop("abandoned", meter.abandoned_rows.read());
  line.lettered = meter.lettered_rows.read();
  line.routed = meter.routed_rows.read();
  line.remarks = remarks_of(meter.remarks);
  auto fetched = static_cast<uint64_t>(meter.fetched.read());  // last: what is out has been fetched
  line.direct = is_used ? 0 : less(line.out + line.lettered + line.routed + line.dropped_rows(), fetched);
  line.in = fetched + line.direct;
  return line;
}

// What the spool took beside the rows of this process was there when it was opened.
ReportLine spool_line(const Carrier& carrier, const Spooled& spooled) {
  ReportLine line;
  line.id = carrier.instance.id;
  line.kind = "spool";
  line.plugin = "spool";
  line.drop("too_long", spooled.written.refused_rows.read());
  line.drop("abandoned", spooled.written.abandoned_rows.read());
  if (const Spool* spool = spooled.spool()) {
    line.appended = spooled.written.found_rows.read();
    line.out = spool->read().rows.read();
    line.bytes = spool->written().bytes.read();
    line.drop("spool_full", spool->written().dropped_rows.read() + spool->written().evicted_rows.read());
    line.drop("damaged", spool->read().lost_rows.read());
    line.spooled = spool->waiting().rows;
  }
  line.in = spooled.written.rows.read() + spooled.written.refused_rows.read() + spooled.written.abandoned_rows.read();
  return line;
}
}  // namespace

std::vector<ReportLine> sink_lines(const Carrier& carrier, bool is_used) {
  std::vector<ReportLine> lines;
  for (auto& spooled : carrier.spools()) {
    if (ReportLine line = spool_line(carrier, *spooled); spooled->spool() != nullptr || line.in > 0) {
      merge_line(lines, line);
    }
  }
  lines.push_back(sink_line(carrier, is_used));
  for (ReportLine& line : member_lines(carrier)) {
    lines.push_back(std::move(line));
  }
  return lines;
}

void count_in(std::vector<ReportLine>& sinks, const std::vector<ReportLine>& all, bool has_spool,
              std::string_view sink) {
  uint64_t rest = 0;
  for (const ReportLine& line : all) {
    rest += line.id == sink && line.kind == "codec" ? line.out : 0;
  }
  ReportLine* spool = nullptr;
  ReportLine* direct = nullptr;
  for (ReportLine& line : sinks) {
    spool = line.id == sink && line.kind == "spool" ? &line : spool;
    direct = line.id == sink && line.kind == "sink" ? &line : direct;
  }
  rest = less(rest, direct->direct + (spool == nullptr ? 0 : spool->in));
  if (has_spool && spool != nullptr) {
    spool->in += rest;
  } else {
    direct->in += rest;
    direct->direct += rest;
  }
}

}  // namespace stook
