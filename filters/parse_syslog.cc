// SPDX-License-Identifier: Apache-2.0
/// parse_syslog: takes syslog lines apart, RFC 5424 and RFC 3164 with what the world makes of it.
///
/// A line may lack its priority, its host or its tag; its time may have a year, a fraction, or be ISO 8601; Cisco's
/// sequence numbers and marks are stepped over. The year that RFC 3164 leaves out is the latest one that puts the time at
/// most a week ahead of now. `facility` and `severity` are the names of syslog.conf, `pri` is the number. Structured data
/// is one object under `structured_data`, of ids, names and values, so that no sender chooses the names of keys.
///
///     stack=log:TAIL,parse:PARSE_SYSLOG,out:STDOUT
///     [parse]
///     zone=local
///
/// `<38>Nov 21 03:38:00 web1 sshd[812]: Accepted publickey` becomes `pri=38 facility=auth severity=info
/// time=2026-11-21T03:38:00Z host=web1 app=sshd pid=812 message="Accepted publickey"`.
/// A line with neither a priority nor a time keeps its text and gets a parse_error.
#include <stdexcept>

#include "core/api/parser.hh"
#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/syslog_text.hh"

namespace stook {

namespace {
struct SyslogConfig {
  std::string key;
  std::string zone;
  bool keep_text = false;
};

constexpr Option syslog_options[] = {
    option<&SyslogConfig::key>("key", "message", "where the line is"),
    option<&SyslogConfig::zone>("zone", "UTC", "zone of times that say none: UTC, local or +02:00"),
    option<&SyslogConfig::keep_text>("keep_text", "no", "keep the line as well; not where the key is message"),
};

/// Positions among the declared writes.
enum Out : size_t { error, pri, facility, severity, time, host, app, pid, msgid, structured_data, message, outs };

/// *Rooms:* a replica per worker.
class ParseSyslog final : public Filter {
 public:
  explicit ParseSyslog(const SyslogConfig& config) : config_(config), reader_(Zone(config.zone)) {}

  void run(Batch& batch) override ROOM(worker) {
    TextRows texts(batch, batch.in(0), batch.out(error), config_.keep_text);
    for (size_t i = error + 1; i < outs; i++) {
      columns_[i] = batch.write(batch.out(i));
    }
    int64_t now = wall_ns();
    Arena* arena = columns_[structured_data] == nullptr ? nullptr : &batch.arena();
    SyslogText parts;
    for (Row row : batch.rows()) {
      std::string_view text = texts.text(row);
      const char* reason =
          text.data() == nullptr ? "not a syslog line: the row has no text" : reader_.read(text, now, parts, arena);
      if (reason != nullptr) {
        texts.fail(row, reason);
        continue;
      }
      texts.done(row);
      put_parts(row, parts);
    }
  }

 private:
  void put(Out out, Row row, const Cell& cell) {
    if (columns_[out] != nullptr) {
      columns_[out]->set(row, cell);
    }
  }
  void put_text(Out out, Row row, std::string_view text) {
    if (text.data() != nullptr) {
      put(out, row, Cell::of_text(text));
    }
  }

  void put_parts(Row row, const SyslogText& parts) {
    if (parts.pri >= 0) {
      put(pri, row, Cell::of_integer(parts.pri));
      put(facility, row, Cell::of_text(facility_name(parts.pri)));
      put(severity, row, Cell::of_text(severity_name(parts.pri)));
    }
    if (parts.time) {
      put(time, row, Cell::of_time(parts.time.ns));
    }
    put_text(host, row, parts.host);
    put_text(app, row, parts.app);
    put_text(pid, row, parts.pid);
    put_text(msgid, row, parts.msgid);
    if (parts.data.data() != nullptr) {
      put(structured_data, row, parts.object);
    }
    put_text(message, row, parts.message);
  }

  const SyslogConfig& config_;
  SyslogReader reader_;
  Column* columns_[outs] = {};  // taken anew for each batch
};

void declare_syslog(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const SyslogConfig*>(raw);
  read_option("zone", [&] { Zone check(config.zone); });
  if (config.keep_text && config.key == "message") {
    throw std::invalid_argument("keep_text: `message` is also what the parser writes; read the line from another key");
  }
  wiring.reads.push_back({config.key, Type::Text});
  wiring.writes = {{"parse_error", Type::Text, {}, "why the line is refused"},
                   {"pri", Type::Integer, {}, "facility * 8 + severity"},
                   {"facility", Type::Text, {}, "kern, user, mail and so on"},
                   {"severity", Type::Text, {}, "emerg, alert, crit, err, warning, notice, info or debug"},
                   {"time", Type::Time, {}, "when the sender wrote it"},
                   {"host", Type::Text, {}, "who sent it, as it says"},
                   {"app", Type::Text, {}, "the program"},
                   {"pid", Type::Text, {}, "its process, mostly a number"},
                   {"msgid", Type::Text, {}, "the kind of message (RFC 5424)"},
                   {"structured_data", Type::Object, {}, "ids, names and values (RFC 5424)"},
                   {"message", Type::Text, {}, "the words"}};
}
}  // namespace

extern const Plugin filter_parse_syslog;
const Plugin filter_parse_syslog = {
    .kind = Kind::Filter,
    .name = "parse_syslog",
    .doc = "takes syslog lines apart, RFC 5424 and RFC 3164",
    .options = syslog_options,
    .config = config_type<SyslogConfig>,
    .declare = declare_syslog,
    .filter = make_filter<ParseSyslog, SyslogConfig>,
};

}  // namespace stook
