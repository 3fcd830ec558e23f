// SPDX-License-Identifier: Apache-2.0
/// timeconv: converts the times of flows for exporters, as TIMECONV of ulogd's child.
///
/// `usec64` makes `flow.start.useconds` and `flow.end.useconds`, times in NTP's form of 64 bits (RFC 7011, 6.1.9: seconds
/// since 1900, and fractions whose low 11 bits are 0); `uptime` makes `flow.start.uptime` and `flow.end.uptime`,
/// milliseconds since the machine was booted.
///
///     stack=ct:NFCT,time:TIMECONV,out:IPFIX
///     [time]
///     uptime=no
///
/// `flow.start.sec=1795232280 flow.start.usec=500000` becomes `flow.start.useconds=17198105206823223296`.
#include <time.h>

#include <stdexcept>

#include "core/api/plugin.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
struct TimeConvConfig {
  bool usec64 = true;
  bool uptime = true;
};

constexpr Option timeconv_options[] = {
    option<&TimeConvConfig::usec64>("usec64", "1", "make times of 64 bits"),
    option<&TimeConvConfig::uptime>("uptime", "1", "make times since the boot"),
};

constexpr uint64_t ntp_epoch = 2'208'988'800;  // s between 1900 and 1970
constexpr uint64_t unsure_bits = 0x7ff;

uint64_t ntp_of(uint64_t sec, uint64_t usec) {
  return ((sec + ntp_epoch) << 32 | (usec << 32) / 1'000'000) & ~unsure_bits;
}

/// ms since 1970 at which the machine was booted.
int64_t boot_time() {
  timespec now{};
  timespec up{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &up);
  return (now.tv_sec - up.tv_sec) * 1000 + (now.tv_nsec - up.tv_nsec) / 1'000'000;
}

/// *Rooms:* a replica per worker.
class TimeConv final : public Filter {
 public:
  explicit TimeConv(const TimeConvConfig& config) : config_(config) {}

  void run(Batch& batch) override ROOM(worker) {
    int64_t boot = config_.uptime ? boot_time() : 0;
    size_t out = 0;
    for (size_t end : {0, 1}) {
      const Column* seconds = batch.read(batch.in(2 * end));
      const Column* micros = batch.read(batch.in(2 * end + 1));
      Column* ntp = config_.usec64 ? batch.write(batch.out(out++)) : nullptr;
      Column* uptime = config_.uptime ? batch.write(batch.out(out++)) : nullptr;
      for (Row row : batch.rows()) {
        NumberAt sec = number_at(seconds, row);
        uint64_t usec = number_at(micros, row).value;
        if (sec && ntp != nullptr) {
          ntp->set(row, Cell::of_unsigned(ntp_of(sec.value, usec)));
        }
        if (sec && uptime != nullptr) {
          int64_t ms = static_cast<int64_t>(sec.value * 1000 + usec / 1000) - boot;
          uptime->set(row, Cell::of_unsigned(ms < 0 ? 0 : static_cast<uint64_t>(ms)));
        }
      }
    }
  }

 private:
  const TimeConvConfig& config_;
};

void declare_timeconv(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const TimeConvConfig*>(raw);
  if (!config.usec64 && !config.uptime) {
    throw std::invalid_argument("usec64 and uptime are both off, so that nothing is made; leave one of them on");
  }
  for (const char* name : {"flow.start.", "flow.end."}) {
    wiring.reads.push_back({std::string(name) + "sec", Type::Unsigned, true});
    wiring.reads.push_back({std::string(name) + "usec", Type::Unsigned, true});
    if (config.usec64) {
      wiring.writes.push_back({std::string(name) + "useconds", Type::Unsigned, {}, "in NTP's form of 64 bits"});
    }
    if (config.uptime) {
      wiring.writes.push_back({std::string(name) + "uptime", Type::Unsigned, "ms", "since the machine was booted"});
    }
  }
}
}  // namespace

extern const Plugin filter_timeconv;
const Plugin filter_timeconv = {
    .kind = Kind::Filter,
    .name = "timeconv",
    .doc = "converts the times of flows for exporters",
    .options = timeconv_options,
    .config = config_type<TimeConvConfig>,
    .declare = declare_timeconv,
    .filter = make_filter<TimeConv, TimeConvConfig>,
};

}  // namespace stook
