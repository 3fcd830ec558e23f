// SPDX-License-Identifier: Apache-2.0
/// gprint: all keys of a row as name=value on one line, in the order of the stack.
///
/// Bytes are not written. A comma within a value stays, so that what reads ulogd's lines reads these; control characters are
/// escaped. `compat = ulogd` leaves them as they are, and writes the first four bytes of IPv6 addresses.
///
///     timestamp=2026/11/22-01:57:42,raw.pktlen=33,oob.prefix=in: ,oob.mark=0,ip.saddr=192.0.2.1,…
#include <array>
#include <cstdio>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sinks/codecs/columns.hh"
#include "sinks/codecs/local_second.hh"
#include "sinks/codecs/ulogd_value.hh"

namespace stook {

namespace {
struct GprintConfig : ColumnChoice {
  bool timestamp = false;
  Compat compat = Compat::None;
};

constexpr std::array options = {
    option<&GprintConfig::timestamp>("timestamp", "0", "the line begins with the time at which it is written"),
    option<&GprintConfig::compat>("compat", "none",
                                  "ulogd: control characters as they are, and the first four bytes of IPv6 addresses"),
};

void put_gprint_lead(std::string& to, std::string_view name) {
  to += ',';
  to += name;
  to += '=';
}

/// *Rooms:* one replica, its worker.
class Gprint final : public Codec {
 public:
  explicit Gprint(const GprintConfig& config) : config_(config), columns_(config, put_gprint_lead) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    if (config_.timestamp) {
      char text[48];
      const tm& now = local_.at(wall_ns() / 1'000'000'000);
      stamp_.assign(text, strftime(text, sizeof text, ",timestamp=%Y/%m/%d-%H:%M:%S", &now));
    }
    for (Row row : batch.rows()) {
      size_t skipped = 1;  // the comma of the first one
      put(payload, stamp_, skipped);
      for (const Columns::Present& column : columns) {
        const Cell* cell = column.column->find(row);
        if (cell != nullptr && is_shown(*cell)) {
          put(payload, {column.lead, column.lead_size}, skipped);
          put_value(payload, *cell);
        }
      }
      payload.append('\n');
      payload.end_row();
    }
  }

 private:
  void put_value(Payload& payload, const Cell& cell) const {
    bool is_cut = cell.type == Type::Address && config_.compat == Compat::Ulogd;
    append_ulogd_value(payload, is_cut ? Cell::of_slice(Type::Address, cell.bytes().substr(0, 4)) : cell,
                       config_.compat);
  }

  static void put(Payload& payload, std::string_view lead, size_t& skipped) {
    if (!lead.empty()) {
      payload.append(lead.substr(skipped));
      skipped = 0;
    }
  }

  const GprintConfig& config_;
  Columns columns_;
  LocalSecond local_;
  std::string stamp_;  // empty without timestamp
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const GprintConfig*>(raw), wiring);
}
}  // namespace

extern const Plugin codec_gprint;
const Plugin codec_gprint = {
    .kind = Kind::Codec,
    .name = "gprint",
    .doc = "all keys of a row as name=value on one line",
    .options = options,
    .config = config_type<GprintConfig>,
    .declare = declare,
    .codec = make_codec<Gprint, GprintConfig>,
};

}  // namespace stook
