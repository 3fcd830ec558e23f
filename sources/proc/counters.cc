// SPDX-License-Identifier: Apache-2.0
#include "sources/proc/counters.hh"

#include <algorithm>

namespace stook {

namespace {

constexpr uint64_t kibibyte = 1024;
constexpr uint64_t sector = 512;

struct MemLine {
  std::string_view name;
  ProcKey key;
};
constexpr MemLine mem_lines[] = {{"MemTotal:", ProcKey::MemTotal},         {"MemFree:", ProcKey::MemFree},
                                 {"MemAvailable:", ProcKey::MemAvailable}, {"Buffers:", ProcKey::MemBuffers},
                                 {"Cached:", ProcKey::MemCached},          {"SwapTotal:", ProcKey::SwapTotal},
                                 {"SwapFree:", ProcKey::SwapFree}};

/// Counters of the kernel may step back a little.
uint64_t grown(uint64_t now, uint64_t before) {
  return now > before ? now - before : 0;
}

}  // namespace

bool CpuStage::step(ProcRows& rows) {
  for (std::string_view line; (line = lines_.line()).substr(0, 3) == "cpu"; lines_.step()) {
    if (!rows.begin("cpu")) {
      return false;
    }
    Words words(line);
    std::string_view name = words.next();
    uint64_t user = words.number();
    uint64_t nice = words.number();
    uint64_t system = words.number();
    Ticks now;
    now.idle = words.number();
    now.iowait = words.number();
    uint64_t interrupts = words.number();
    uint64_t soft_interrupts = words.number();
    now.user = user + nice;
    now.system = system + interrupts + soft_interrupts;
    now.steal = words.number();
    Ticks& before = before_[std::string(name)];
    uint64_t used = grown(now.user, before.user) + grown(now.system, before.system) + grown(now.steal, before.steal);
    uint64_t waited = grown(now.iowait, before.iowait);
    uint64_t all = std::max<uint64_t>(used + waited + grown(now.idle, before.idle), 1);
    auto part = [&](uint64_t ticks) { return 100.0 * static_cast<double>(ticks) / static_cast<double>(all); };
    rows.text(ProcKey::Name, name == "cpu" ? "all" : name);
    rows.real(ProcKey::Cpu, part(used));
    rows.real(ProcKey::CpuUser, part(grown(now.user, before.user)));
    rows.real(ProcKey::CpuSystem, part(grown(now.system, before.system)));
    rows.real(ProcKey::CpuIowait, part(waited));
    rows.real(ProcKey::CpuSteal, part(grown(now.steal, before.steal)));
    before = now;
  }
  return true;
}

bool MemStage::step(ProcRows& rows) {
  std::string text = read_small(needed());
  if (text.empty()) {
    return true;
  }
  if (!rows.begin("mem")) {
    return false;
  }
  for (std::string_view rest = text; !rest.empty();) {
    size_t newline = std::min(rest.find('\n'), rest.size() - 1);
    Words words(rest.substr(0, newline));
    std::string_view name = words.next();
    for (const MemLine& one : mem_lines) {
      if (name == one.name) {
        rows.number(one.key, words.number() * kibibyte);
      }
    }
    rest.remove_prefix(newline + 1);
  }
  return true;
}

bool DiskStage::step(ProcRows& rows) {
  for (std::string_view line; (line = lines_.line()).data() != nullptr; lines_.step()) {
    Words words(line);
    words.skip(2);
    std::string_view name = words.next();
    uint64_t reads = words.number();
    words.skip(1);
    uint64_t read_sectors = words.number();
    words.skip(1);
    uint64_t writes = words.number();
    words.skip(1);
    uint64_t written_sectors = words.number();
    words.skip(2);
    uint64_t busy = words.number();
    if (reads + writes == 0) {
      continue;
    }
    if (!rows.begin("disk")) {
      return false;
    }
    rows.text(ProcKey::Name, name);
    rows.number(ProcKey::DiskReads, reads);
    rows.number(ProcKey::DiskReadBytes, read_sectors * sector);
    rows.number(ProcKey::DiskWrites, writes);
    rows.number(ProcKey::DiskWrittenBytes, written_sectors * sector);
    rows.number(ProcKey::DiskBusy, busy);
  }
  return true;
}

bool NetStage::step(ProcRows& rows) {
  for (std::string_view line; (line = lines_.line()).data() != nullptr; lines_.step()) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      continue;  // the two lines of the head
    }
    if (!rows.begin("net")) {
      return false;
    }
    rows.text(ProcKey::Name, Words(line.substr(0, colon)).next());
    Words words(line.substr(colon + 1));
    for (ProcKey key : {ProcKey::NetReceivedBytes, ProcKey::NetReceivedPackets, ProcKey::NetReceiveErrors,
                        ProcKey::NetReceiveDrops}) {
      rows.number(key, words.number());
    }
    words.skip(4);
    for (ProcKey key :
         {ProcKey::NetSentBytes, ProcKey::NetSentPackets, ProcKey::NetSendErrors, ProcKey::NetSendDrops}) {
      rows.number(key, words.number());
    }
  }
  return true;
}

}  // namespace stook
