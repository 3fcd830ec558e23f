// SPDX-License-Identifier: Apache-2.0
/// ulogd_json: one object a row with ulogd's members, one row a line.
///
/// `timestamp` is the packet's time in the system's zone; some keys have the names of the Common Information Model: `src_ip`,
/// `dest_ip`, `src_port`, `dest_port`. Texts, numbers and booleans are written, addresses and bytes are not: IP2STR makes texts
/// of the former. The text is always JSON: what is no UTF-8 is U+FFFD.
///
///     {"timestamp": "2026-11-22T01:57:42.447707", "dvc": "Netfilter", "raw.pktlen": 33, "src_ip": "192.0.2.1", …}
///
/// With `eventv1` the time is `@timestamp` with its zone, and `@version` is 1. With `boolean_label` the key `raw.label` is
/// `action`: 0 is blocked, anything else allowed.
#include <array>
#include <cstdio>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/json_text.hh"
#include "core/data/plain_scan.hh"
#include "sinks/codecs/columns.hh"
#include "sinks/codecs/local_second.hh"

namespace stook {

namespace {
struct UlogdJsonConfig : ColumnChoice {
  bool timestamp = true;
  bool eventv1 = false;
  bool boolean_label = false;
  std::string device;
};

constexpr std::array options = {
    option<&UlogdJsonConfig::timestamp>("timestamp", "1", "objects have the packet's time, or when they are written"),
    option<&UlogdJsonConfig::eventv1>("eventv1", "0", "they are events of version 1, as logstash has them"),
    option<&UlogdJsonConfig::device>("device", "Netfilter", "the member dvc; empty: none"),
    option<&UlogdJsonConfig::boolean_label>("boolean_label", "0", "raw.label is written as action, allowed or blocked"),
};

struct CommonName {
  std::string_view key;
  std::string_view name;
};
constexpr CommonName common_names[] = {{"ip.saddr.str", "src_ip"},      {"ip.daddr.str", "dest_ip"},
                                       {"orig.ip.saddr.str", "src_ip"}, {"orig.ip.daddr.str", "dest_ip"},
                                       {"tcp.sport", "src_port"},       {"tcp.dport", "dest_port"},
                                       {"udp.sport", "src_port"},       {"udp.dport", "dest_port"},
                                       {"orig.l4.sport", "src_port"},   {"orig.l4.dport", "dest_port"}};

void put_ulogd_lead(std::string& to, std::string_view name) {
  for (const CommonName& common : common_names) {
    name = common.key == name ? common.name : name;
  }
  Payload text;
  append_json(text, Cell::of_text(name), {});
  to += ", ";
  to += text.bytes();
  to += ": ";
}

enum In : size_t { time_sec, time_usec, label };

/// A value that needs more room than this is appended in steps.
constexpr size_t most_plain = 4096;

/// Bytes at a payload's end that are written without asking for each value. The payload does not know of them before its
/// `commit(to)`.
struct PayloadEnd {
  explicit PayloadEnd(Payload& payload_) : payload(&payload_) { take(2 * most_plain); }
  void ask(size_t size) {
    if (size > static_cast<size_t>(end - to)) {
      payload->commit(to);
      take(size + 2 * most_plain);
    }
  }
  void take(size_t size) {
    to = payload->room(size);
    end = to + size;
  }

  Payload* payload;
  char* to = nullptr;
  char* end = nullptr;
};

/// *Rooms:* one replica, its worker.
class UlogdJson final : public Codec {
 public:
  explicit UlogdJson(const UlogdJsonConfig& config) : config_(config), columns_(config, put_ulogd_lead) {
    rest_ = config.eventv1 ? R"(, "@version": 1)" : "";
    if (!config.device.empty()) {
      Payload text;
      append_json(text, Cell::of_text(config.device), {});
      rest_ += ", \"dvc\": " + std::string(text.bytes());
    }
  }

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    seconds_ = batch.read(batch.in(time_sec));
    usecs_ = batch.read(batch.in(time_usec));
    labels_ = config_.boolean_label ? batch.read(batch.in(label)) : nullptr;
    now_ = wall_ns();
    for (Row row : batch.rows()) {
      payload.append('{');
      size_t skipped = 2;  // the comma and blank of the first member
      put_head(payload, row, skipped);
      put_members(payload, row, columns, skipped);
      payload.append("}\n");
      payload.end_row();
    }
  }

 private:
  static bool is_written(const Cell& cell) {
    return cell.type != Type::Address && cell.type != Type::Bytes && cell.type != Type::Null;
  }

  void put_members(Payload& payload, Row row, const std::vector<Columns::Present>& columns, size_t& skipped)
      ROOM(worker) {
    PayloadEnd end(payload);
    for (const Columns::Present& column : columns) {
      const Cell* cell = column.column->find(row);
      if (cell == nullptr || !is_written(*cell)) {
        continue;
      }
      size_t need = json_room(*cell) + column.lead_size + json_margin;
      bool is_plain = skipped == 0 && cell->type != Type::Object && need <= most_plain && column.column != labels_;
      if (is_plain) {
        end.ask(need);
        end.to = put_value(put_padded(end.to, column.lead, column.lead_size), *cell);
        continue;
      }
      payload.commit(end.to);
      put_any(payload, column, *cell, skipped);
      end = PayloadEnd(payload);
    }
    payload.commit(end.to);
  }

  /// The action, the first member where no head stands before it, and what may be long.
  void put_any(Payload& payload, const Columns::Present& column, const Cell& cell, size_t& skipped) ROOM(worker) {
    if (column.column == labels_) {
      put(payload, cell.bits != 0 ? R"(, "action": "allowed")" : R"(, "action": "blocked")", skipped);
      return;
    }
    put(payload, {column.lead, column.lead_size}, skipped);
    append_json(payload, cell, {});
  }

  /// Half of a packet's values have one digit or two.
  static char* put_value(char* to, const Cell& cell) {
    if (cell.type != Type::Unsigned) {
      return put_json(to, cell, {});
    }
    if (cell.bits >= 100) {
      return put_unsigned(to, cell.bits);
    }
    to[0] = static_cast<char>('0' + cell.bits / 10);
    to += cell.bits >= 10 ? 1 : 0;
    to[0] = static_cast<char>('0' + cell.bits % 10);
    return to + 1;
  }

  static void put(Payload& payload, std::string_view member, size_t& skipped) {
    payload.append(member.substr(skipped));
    skipped = 0;
  }

  void put_head(Payload& payload, Row row, size_t& skipped) ROOM(worker) {
    if (config_.timestamp) {
      const Cell* sec = seconds_ == nullptr ? nullptr : seconds_->find(row);
      const Cell* usec = usecs_ == nullptr ? nullptr : usecs_->find(row);
      auto now = static_cast<uint64_t>(now_);
      uint64_t second = sec == nullptr ? now / 1'000'000'000 : sec->bits;
      uint64_t part = sec == nullptr ? now % 1'000'000'000 / 1000 : usec == nullptr ? 0 : usec->bits;
      put_time(payload, second, part % 1'000'000, skipped);
    } else if (!rest_.empty()) {
      put(payload, rest_, skipped);
    }
  }

  void put_time(Payload& payload, uint64_t second, uint64_t usec, size_t& skipped) {
    if (second != second_ || stamp_.empty()) {
      second_ = second;
      char text[96];
      const tm& when = local_.at(static_cast<int64_t>(second));
      const char* form =
          config_.eventv1 ? ", \"@timestamp\": \"%Y-%m-%dT%H:%M:%S." : ", \"timestamp\": \"%Y-%m-%dT%H:%M:%S.";
      stamp_.assign(text, strftime(text, sizeof text, form, &when));
      after_.assign(text, config_.eventv1 ? strftime(text, sizeof text, "%z", &when) : 0);
      after_ += '"' + rest_;
    }
    put(payload, stamp_, skipped);
    char* to = payload.room(sizeof "000000");
    for (size_t i = 6; i-- > 0; usec /= 10) {
      to[i] = static_cast<char>('0' + usec % 10);
    }
    payload.commit(to + 6);
    payload.append(after_);
  }

  const UlogdJsonConfig& config_;
  Columns columns_;
  LocalSecond local_;
  std::string rest_;   // of a head, behind its time
  std::string stamp_;  // of second_
  std::string after_;  // its zone, and the rest
  uint64_t second_ = 0;
  int64_t now_ = 0;
  const Column* seconds_ = nullptr;  // these of the batch
  const Column* usecs_ = nullptr;
  const Column* labels_ = nullptr;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const UlogdJsonConfig*>(raw), wiring);
  for (const char* key : {"oob.time.sec", "oob.time.usec", "raw.label"}) {
    wiring.reads.push_back({key, Type::Unsigned, true});
  }
}
}  // namespace

extern const Plugin codec_ulogd_json;
const Plugin codec_ulogd_json = {
    .kind = Kind::Codec,
    .name = "ulogd_json",
    .doc = "one JSON object a row, with ulogd's members",
    .options = options,
    .config = config_type<UlogdJsonConfig>,
    .declare = declare,
    .codec = make_codec<UlogdJson, UlogdJsonConfig>,
};

}  // namespace stook
