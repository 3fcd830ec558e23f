// SPDX-License-Identifier: Apache-2.0
/// parse_time: makes a time of a text, or of a number since 1970.
///
/// The formats are tried in order: `iso8601`, `clf` (21/Nov/2026:03:38:00 +0000), `rfc3164` (Nov 21 03:38:00), `epoch`,
/// `epoch_ms`, `epoch_us`, `epoch_ns`, or text with %Y and the like as in strptime(3); %f is the fraction of a second.
/// Numbers are taken by the first epoch format. Times that say no zone are in `zone`; where no year is written, it is the
/// latest one that puts the time at most a week ahead of now. A value that is a time already is taken as it is.
///
///     stack=log:TAIL,json:PARSE_JSON,when:PARSE_TIME,out:STDOUT
///     [when]
///     key=ts
///     format=iso8601, %d.%m.%Y %H:%M:%S.%f
///     zone=+01:00
///
/// `ts="21.11.2026 04:38:00.5"` becomes `time=2026-11-21T03:38:00.500Z`. A value that is no time stays where it is, and
/// the row gets a parse_error.
#include <cmath>
#include <stdexcept>

#include "core/api/parser.hh"
#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/time_text.hh"

namespace stook {

namespace {
struct TimeConfig {
  std::string key;
  std::vector<std::string> format;
  std::string zone;
  std::string to;
  bool keep_text = false;
};

constexpr Option time_options[] = {
    option<&TimeConfig::key>("key", required, "where the value is"),
    option<&TimeConfig::format>("format", "iso8601", "how it is written; several are tried in order"),
    option<&TimeConfig::zone>("zone", "UTC", "zone of times that say none: UTC, local or +02:00"),
    option<&TimeConfig::to>("to", "time", "where the time goes"),
    option<&TimeConfig::keep_text>("keep_text", "no", "keep the value as well"),
};

/// *Rooms:* a replica per worker.
class ParseTime final : public Filter {
 public:
  explicit ParseTime(const TimeConfig& config) : config_(config) {
    for (const std::string& format : config.format) {
      readers_.emplace_back(format, Zone(config.zone));
      unit_ = unit_ == 0 ? readers_.back().unit() : unit_;
    }
  }

  void run(Batch& batch) override ROOM(worker) {
    TextRows texts(batch, batch.in(0), batch.out(0), config_.keep_text);
    Column* target = batch.write(batch.out(1));
    int64_t now = wall_ns();
    for (Row row : batch.rows()) {
      const Cell* cell = texts.cell(row);
      if (cell == nullptr) {
        texts.fail(row, "not a time: the row has no value");
        continue;
      }
      TimeText time = read(*cell, now);
      if (!time) {
        texts.fail(row, "not a time: the value has none of the formats");
        continue;
      }
      texts.done(row);
      if (target != nullptr) {
        target->set(row, Cell::of_time(time.ns));
      }
    }
  }

 private:
  TimeText read(const Cell& cell, int64_t now) {
    switch (cell.type) {
      case Type::Text:
      case Type::Bytes:
        return read_text(cell.bytes(), now);
      case Type::Time:
        return {cell.integer, 1};
      case Type::Integer:
      case Type::Unsigned:
        return read_integer(cell);
      case Type::Real:
        return read_real(cell.real);
      default:
        return {};
    }
  }

  TimeText read_text(std::string_view text, int64_t now) {
    for (TimeReader& reader : readers_) {
      if (TimeText time = reader.read_all(text, now)) {
        return time;
      }
    }
    return {};
  }

  TimeText read_integer(const Cell& cell) const {
    int64_t ns = 0;
    bool is_large = cell.type == Type::Unsigned && cell.bits > INT64_MAX;
    return unit_ == 0 || is_large || __builtin_mul_overflow(cell.integer, unit_, &ns) ? TimeText{} : TimeText{ns, 1};
  }

  /// The whole units and their fraction apart, so that a fraction keeps the digits that a double has.
  TimeText read_real(double value) const {
    double whole = std::floor(value);
    if (unit_ == 0 || !(std::fabs(value) < 9.2e18 / static_cast<double>(unit_))) {
      return {};
    }
    double fraction = std::round((value - whole) * static_cast<double>(unit_));
    return {static_cast<int64_t>(whole) * unit_ + static_cast<int64_t>(fraction), 1};
  }

  const TimeConfig& config_;
  std::vector<TimeReader> readers_;
  int64_t unit_ = 0;  // of the first epoch format
};

void declare_time(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const TimeConfig*>(raw);
  if (config.format.empty()) {
    throw std::invalid_argument("format: there must be at least one");
  }
  Zone zone = read_option("zone", [&] { return Zone(config.zone); });
  for (const std::string& format : config.format) {
    read_option("format", [&] { TimeReader check(format, zone); });
  }
  // in place, a value that is no time stays beside times
  Type type = config.to == config.key ? Type::Mixed : Type::Time;
  wiring.reads.push_back({config.key, Type::Mixed});
  wiring.writes.push_back({"parse_error", Type::Text, {}, "why the value is no time"});
  wiring.writes.push_back({config.to, type, {}, "the value as a time"});
}
}  // namespace

extern const Plugin filter_parse_time;
const Plugin filter_parse_time = {
    .kind = Kind::Filter,
    .name = "parse_time",
    .doc = "makes a time of a text, or of a number since 1970",
    .options = time_options,
    .primary = "key",
    .config = config_type<TimeConfig>,
    .declare = declare_time,
    .filter = make_filter<ParseTime, TimeConfig>,
};

}  // namespace stook
