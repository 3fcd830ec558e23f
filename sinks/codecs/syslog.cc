// SPDX-License-Identifier: Apache-2.0
/// syslog: a syslog message a row, RFC 5424 or RFC 3164.
///
/// The header is made of the keys that `parse_syslog` writes: `pri` or `facility` and `severity`, `time`, `host`,
/// `app`, `pid`, `msgid`, `structured_data`; what a row lacks is said by options, or is `-`. Header fields are
/// reduced to the letters that their RFC knows. Control characters of the message are escaped (`\n`, `\x1b`), so that
/// no row can forge another; `escape = no` leaves them, for framings that count bytes. Without a message RFC 5424's
/// ends behind its structured data, and RFC 3164's behind its tag.
///
///   [out]
///   format = syslog
///   facility = local3
///
///   <157>1 2026-11-21T03:38:00.250Z web1 shop 812 - - order 4711 paid
#include <time.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <stdexcept>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/json_text.hh"
#include "core/data/pattern.hh"
#include "core/data/syslog_text.hh"
#include "sinks/codecs/syslog_header.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<SyslogRfc>[] = {"5424", "3164"};

namespace {
struct SyslogFormat {
  std::string key;
  SyslogRfc rfc = SyslogRfc::New;
  std::string facility;
  std::string severity;
  std::string host;
  std::string app;
  std::string zone;
  bool escape = true;

  // Completed by declare.
  int pri = 0;
  bool is_local = false;
};

constexpr std::array options = {
    option<&SyslogFormat::key>("key", "message", "the key whose value is the message"),
    option<&SyslogFormat::rfc>("rfc", "5424", "the RFC that messages follow"),
    option<&SyslogFormat::facility>("facility", "user", "facility of rows that have none, as in syslog.conf"),
    option<&SyslogFormat::severity>("severity", "notice", "severity of rows that have none, as in syslog.conf"),
    option<&SyslogFormat::host>("host", "", "host of rows that have none; empty: this one"),
    option<&SyslogFormat::app>("app", "stook", "program of rows that have none"),
    option<&SyslogFormat::zone>("zone", "UTC", "zone of RFC 3164's times, which do not say theirs: UTC or local"),
    option<&SyslogFormat::escape>("escape", "yes", "control characters of the message are written as \\n, \\xNN"),
};

/// Positions among the declared reads.
enum In : size_t { pri, facility, severity, time_, host, app, pid, msgid, structured_data, message, ins };
constexpr const char* keys[] = {"pri", "facility", "severity", "time",           "host",
                                "app", "pid",      "msgid",    "structured_data"};

int number_of(std::string_view name, int count, std::string_view (*name_of)(int), int step) {
  for (int i = 0; i < count; i++) {
    if (name_of(i * step) == name) {
      return i;
    }
  }
  return -1;
}
int facility_number(std::string_view name) {
  return number_of(name, 24, facility_name, 8);
}
int severity_number(std::string_view name) {
  return number_of(name, 8, severity_name, 1);
}

/// *Rooms:* one replica, its worker.
class SyslogCodec final : public Codec {
 public:
  explicit SyslogCodec(const SyslogFormat& config) : config_(config), header_(config.rfc, config.is_local) {
    char name[HOST_NAME_MAX + 1] = "-";
    (void)::gethostname(name, sizeof name - 1);
    host_ = config.host.empty() ? name : config.host;
  }

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    for (size_t i = 0; i < ins; i++) {
      columns_[i] = batch.read(batch.in(i));
    }
    int64_t now = wall_ns();
    for (Row row : batch.rows()) {
      put_header(row, now, payload);
      if (const Cell* text = find(message, row)) {
        payload.append(' ');
        put_message(*text, payload);
      }
      payload.append('\n');
      payload.end_row();
    }
  }

 private:
  const Cell* find(In what, Row row) const { return columns_[what] == nullptr ? nullptr : columns_[what]->find(row); }

  // The text of a cell, valid until the next call.
  std::string_view text(In what, Row row, std::string_view absent) {
    const Cell* cell = find(what, row);
    if (cell == nullptr) {
      return absent;
    }
    if (cell->type == Type::Text || cell->type == Type::Bytes) {
      return cell->bytes();
    }
    scratch_.reset();
    append_text(scratch_, *cell);
    return scratch_.bytes();
  }

  static int number(const Cell* cell, int most) {
    bool is_number = cell != nullptr && (cell->type == Type::Integer || cell->type == Type::Unsigned);
    return is_number && cell->integer >= 0 && cell->integer <= most ? static_cast<int>(cell->integer) : -1;
  }

  // A facility or severity, by its name or its number.
  static int level(const Cell* cell, int most, int (*number_of_name)(std::string_view), int absent) {
    int found = cell != nullptr && cell->type == Type::Text ? number_of_name(cell->bytes()) : number(cell, most);
    return found < 0 ? absent : found;
  }

  int priority(Row row) const {
    if (int known = number(find(pri, row), 191); known >= 0) {
      return known;
    }
    return 8 * level(find(facility, row), 23, facility_number, config_.pri / 8) +
           level(find(severity, row), 7, severity_number, config_.pri % 8);
  }

  void put_header(Row row, int64_t now, Payload& out) {
    const Cell* when = find(time_, row);
    header_.begin(out, priority(row), when != nullptr && when->type == Type::Time ? when->integer : now);
    header_.put_host(out, text(host, row, host_));
    header_.put_app(out, text(app, row, config_.app));
    header_.put_pid(out, text(pid, row, {}));
    if (config_.rfc == SyslogRfc::New) {
      header_.put_msgid(out, text(msgid, row, {}));
      out.append(' ');
      const Cell* data = find(structured_data, row);
      data == nullptr ? out.append('-') : append_structured_data(out, *data, scratch_);
    }
  }

  void put_message(const Cell& cell, Payload& out) const {
    if (cell.type != Type::Text && cell.type != Type::Bytes) {
      append_text(out, cell);
    } else if (config_.escape) {
      append_escaped(out, cell.bytes());
    } else {
      out.append(cell.bytes());
    }
  }

  const SyslogFormat& config_;
  SyslogHeader header_;
  std::string host_;
  Payload scratch_;
  const Column* columns_[ins] = {};  // taken anew for each batch
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<SyslogFormat*>(raw);
  int first = facility_number(config.facility);
  int second = severity_number(config.severity);
  if (first < 0) {
    throw std::invalid_argument("facility: there is none called '" + config.facility +
                                "'; it takes kern, user, mail, daemon, auth, … local0 to local7");
  }
  if (second < 0) {
    throw std::invalid_argument("severity: there is none called '" + config.severity +
                                "'; it takes emerg, alert, crit, err, warning, notice, info or debug");
  }
  if (config.zone != "UTC" && config.zone != "local") {
    throw std::invalid_argument("zone: is '" + config.zone + "'; it takes UTC or local");
  }
  config.pri = 8 * first + second;
  config.is_local = config.zone == "local";
  for (const char* key : keys) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
  wiring.reads.push_back({config.key, Type::Mixed, false});
}
}  // namespace

extern const Plugin codec_syslog;
const Plugin codec_syslog = {
    .kind = Kind::Codec,
    .name = "syslog",
    .doc = "a syslog message a row, RFC 5424 or RFC 3164",
    .options = options,
    .primary = "key",
    .config = config_type<SyslogFormat>,
    .declare = declare,
    .codec = make_codec<SyslogCodec, SyslogFormat>,
};

}  // namespace stook
