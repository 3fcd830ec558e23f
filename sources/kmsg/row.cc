// SPDX-License-Identifier: Apache-2.0
#include "sources/kmsg/row.hh"

#include "core/base/clock.hh"
#include "core/data/syslog_text.hh"

namespace stook {

namespace {

enum KmsgKey : size_t {
  message,
  pri,
  facility,
  severity,
  time_of,
  sequence,
  subsystem,
  device,
  uptime,
  recv_time,
  id_of
};

}  // namespace

void declare_kernel_keys(Wiring& wiring) {
  wiring.writes = {{"message", Type::Text, "", "the words", false},
                   {"pri", Type::Integer, "", "facility * 8 + severity", false},
                   {"facility", Type::Text, "", "kern, or what a program has written there", false},
                   {"severity", Type::Text, "", "emerg, alert, crit, err, warning, notice, info or debug", false},
                   {"time", Type::Time, "", "when it was written, by the clock as it is now", false},
                   {"kmsg.sequence", Type::Unsigned, "", "the record's number since boot", false},
                   {"kmsg.subsystem", Type::Text, "", "of the device that it is about", false},
                   {"kmsg.device", Type::Text, "", "b8:0, c189:1, n2 or +pci:0000:00:01.0", false},
                   {"kmsg.uptime", Type::Unsigned, "us", "since boot, without the time asleep", true},
                   {"recv.time", Type::Time, "", "when it was read", true},
                   {"stook.id", Type::Text, "", "the source, the boot and the number", true}};
}

void put_kernel_row(Feed& feed, Bundle& bundle, const KernelRecord& record, const std::string& boot) {
  Row row = bundle.append();
  auto set = [&](size_t key, const Cell& cell) {
    if (KeyId id = feed.out(key); id != no_key) {
      bundle.put(id, row, cell);
    }
  };
  auto text = [&](size_t key, std::string_view escaped) {
    if (feed.out(key) != no_key) {
      char* begin = bundle.arena().reserve(escaped.size());
      size_t size = static_cast<size_t>(put_kernel_text(begin, escaped) - begin);
      bundle.arena().commit(size);
      set(key, Cell::of_text({begin, size}));
    }
  };
  int64_t now = wall_ns();
  text(message, record.message);
  set(pri, Cell::of_integer(record.pri));
  set(facility, Cell::of_text(facility_name(record.pri)));
  set(severity, Cell::of_text(severity_name(record.pri)));
  // The kernel stamps by a clock that stands still while the machine sleeps, as the monotonic one does.
  set(time_of, Cell::of_time(now - monotonic_ns() + static_cast<int64_t>(record.usec) * 1000));
  set(sequence, Cell::of_unsigned(record.sequence));
  if (!record.subsystem.empty()) {
    text(subsystem, record.subsystem);
  }
  if (!record.device.empty()) {
    text(device, record.device);
  }
  set(uptime, Cell::of_unsigned(record.usec));
  set(recv_time, Cell::of_time(now));
  if (feed.out(id_of) != no_key) {
    std::string whole = std::string(feed.id()) + ":" + boot + "." + std::to_string(record.sequence);
    set(id_of, Cell::of_text(bundle.arena().copy(whole)));
  }
}

}  // namespace stook
