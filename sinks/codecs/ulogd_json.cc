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
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/base/few_bytes.hh"
#include "core/data/json_text.hh"
#include "core/data/plain_scan.hh"
#include "sinks/codecs/alike.hh"
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

/// Rows of which it is asked at once which values they have in common: so few that a time or a peer lasts as long, so many
/// that the answer costs little. Of a logged packet's values most are those of the packet before.
constexpr size_t stretch_rows = 64;

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
  void put(std::string_view text) {
    ask(text.size());
    copy_few(to, text.data(), text.size());
    to += text.size();
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
    PayloadEnd end(payload);
    std::span<const Row> rows(batch.rows().begin(), batch.rows().size());
    for (size_t at = 0; at < rows.size(); at += stretch_rows) {
      std::span<const Row> stretch = rows.subspan(at, std::min(stretch_rows, rows.size() - at));
      divide(columns, stretch);
      for (Row row : stretch) {
        end.put("{");
        size_t skipped = 2;  // the comma and blank of the first member
        put_head(end, row, skipped);
        put_members(end, row, skipped);
        end.put("}\n");
        payload.end_row(end.to);
      }
    }
    payload.commit(end.to);
  }

 private:
  /// A piece of objects: text that all rows of a stretch have, or a column whose values differ.
  struct Piece {
    const Columns::Present* column;  // null: text
    size_t begin;                    // of the text, in alike_
    size_t end;
  };

  static bool is_written(const Cell& cell) {
    return cell.type != Type::Address && cell.type != Type::Bytes && cell.type != Type::Null;
  }
  static size_t room_of(const Columns::Present& column, const Cell& cell) {
    return json_room(cell) + column.lead_size + json_margin;
  }

  /// Divides the objects of these rows into pieces.
  void divide(const std::vector<Columns::Present>& columns, std::span<const Row> rows) ROOM(worker) {
    pieces_.clear();
    alike_.reset();
    for (const Columns::Present& column : columns) {
      const Cell* cell = value_of_all(*column.column, rows);
      if (cell == nullptr || cell->type == Type::Object || room_of(column, *cell) > most_plain) {
        pieces_.push_back({&column, 0, 0});
        continue;
      }
      if (!is_written(*cell)) {
        continue;
      }
      if (pieces_.empty() || pieces_.back().column != nullptr) {
        pieces_.push_back({nullptr, alike_.size(), 0});
      }
      append_member(alike_, column, *cell, 0);
      pieces_.back().end = alike_.size();
    }
  }

  void put_members(PayloadEnd& end, Row row, size_t& skipped) ROOM(worker) {
    for (const Piece& piece : pieces_) {
      if (piece.column == nullptr) {
        end.put(alike_.bytes().substr(piece.begin, piece.end - piece.begin).substr(skipped));
        skipped = 0;
        continue;
      }
      const Columns::Present& column = *piece.column;
      const Cell* cell = column.column->find(row);
      if (cell == nullptr || !is_written(*cell)) {
        continue;
      }
      size_t need = room_of(column, *cell);
      bool is_plain = skipped == 0 && cell->type != Type::Object && need <= most_plain && column.column != labels_;
      if (is_plain) {
        end.ask(need);
        end.to = put_value(put_padded(end.to, column.lead, column.lead_size), *cell);
        continue;
      }
      end.payload->commit(end.to);
      append_member(*end.payload, column, *cell, std::exchange(skipped, 0));
      end = PayloadEnd(*end.payload);
    }
  }

  /// The action too, and what may be long.
  void append_member(Payload& payload, const Columns::Present& column, const Cell& cell, size_t skipped) ROOM(worker) {
    if (column.column == labels_) {
      std::string_view action = cell.bits != 0 ? R"(, "action": "allowed")" : R"(, "action": "blocked")";
      payload.append(action.substr(skipped));
      return;
    }
    payload.append(std::string_view(column.lead, column.lead_size).substr(skipped));
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

  void put_head(PayloadEnd& end, Row row, size_t& skipped) ROOM(worker) {
    if (config_.timestamp) {
      const Cell* sec = seconds_ == nullptr ? nullptr : seconds_->find(row);
      const Cell* usec = usecs_ == nullptr ? nullptr : usecs_->find(row);
      auto now = static_cast<uint64_t>(now_);
      uint64_t second = sec == nullptr ? now / 1'000'000'000 : sec->bits;
      uint64_t part = sec == nullptr ? now % 1'000'000'000 / 1000 : usec == nullptr ? 0 : usec->bits;
      put_time(end, second, part % 1'000'000);
      skipped = 0;
    } else if (!rest_.empty()) {
      end.put(std::string_view(rest_).substr(std::exchange(skipped, 0)));
    }
  }

  void put_time(PayloadEnd& end, uint64_t second, uint64_t usec) {
    if (second != second_ || stamp_.empty()) {
      second_ = second;
      char text[96];
      const tm& when = local_.at(static_cast<int64_t>(second));
      const char* form =
          config_.eventv1 ? "\"@timestamp\": \"%Y-%m-%dT%H:%M:%S." : "\"timestamp\": \"%Y-%m-%dT%H:%M:%S.";
      stamp_.assign(text, strftime(text, sizeof text, form, &when));
      after_.assign(text, config_.eventv1 ? strftime(text, sizeof text, "%z", &when) : 0);
      after_ += '"' + rest_;
    }
    end.put(stamp_);
    end.ask(sizeof "000000");
    for (size_t i = 6; i-- > 0; usec /= 10) {
      end.to[i] = static_cast<char>('0' + usec % 10);
    }
    end.to += 6;
    end.put(after_);
  }

  const UlogdJsonConfig& config_;
  Columns columns_;
  std::vector<Piece> pieces_ OWNED(worker);  // of the stretch
  Payload alike_ OWNED(worker);
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
