// SPDX-License-Identifier: Apache-2.0
#include "core/run/group.hh"

#include "core/run/carrier.hh"
#include "core/run/recoded_sink.hh"

namespace stook {

std::unique_ptr<Sink> build_sink(const Instance& instance, const Plugin& codec, std::string_view header,
                                 const SinkSetting& setting) {
  std::vector<GroupMember> members;
  for (size_t i = 0; i < instance.members.size(); i++) {
    const Instance& member = *instance.members[i];
    members.push_back({member.id, nullptr, &setting.members[i]});
    SinkSetting own{setting.members[i].remarks, nullptr, setting.clock, setting.hurry};
    if (instance.is_recoded) {
      auto make = [&](std::string_view head) { return build_sink(member, *member.codec, head, own); };
      members.back().sink = std::make_unique<RecodedSink>(member, instance.meta_keys, make);
    } else {
      members.back().sink = build_sink(member, codec, header, own);
    }
  }
  return instance.plugin->sink({instance.config.get(), instance.id, header, members, setting.clock, setting.hurry,
                                codec.is_binary, &setting.remarks});
}

std::vector<ReportLine> member_lines(const Carrier& carrier) {
  std::vector<ReportLine> lines;
  for (size_t i = 0; i < carrier.instance.members.size(); i++) {
    const Instance& member = *carrier.instance.members[i];
    const MemberMeter& meter = carrier.meter.members[i];
    ReportLine line;
    line.id = member.id;
    line.kind = "member";
    line.plugin = member.plugin->name;
    line.route = carrier.instance.id;
    line.depth = 1;
    line.out = meter.rows.read();
    line.bytes = meter.bytes.read();
    line.retries = meter.failures.read();
    uint64_t missed = meter.missed_rows.read();
    line.in = line.out + missed;
    if (missed > 0) {
      line.dropped.emplace_back("mirror", missed);
    }
    line.remarks = remarks_of(meter.remarks);
    line.state = meter.is_failing.read() != 0 ? "failing" : meter.users.read() > 0 ? "used" : "ready";
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace stook
