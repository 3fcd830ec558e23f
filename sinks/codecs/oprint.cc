// SPDX-License-Identifier: Apache-2.0
/// oprint: a line for each key of a row, below a line that begins the row.
///
/// Bytes are not written, addresses are in their usual form, and a key stands once. Control characters are escaped. With
/// `compat = ulogd` they are not, and addresses are numbers with their bytes the other way round: 7.2.0.192 for 192.0.2.7.
///
///     ===>PACKET BOUNDARY
///     raw.pktlen=33
///     oob.prefix=in:
///     ip.saddr=192.0.2.1
#include <array>
#include <string>

#include "core/api/plugin.hh"
#include "core/data/pattern.hh"
#include "sinks/codecs/columns.hh"
#include "sinks/codecs/ulogd_value.hh"

namespace stook {

namespace {
struct OprintConfig : ColumnChoice {
  Compat compat = Compat::None;
};

constexpr std::array options = {
    option<&OprintConfig::compat>("compat", "none",
                                  "ulogd: control characters as they are, IPv4 addresses with their bytes reversed"),
};

void put_oprint_lead(std::string& to, std::string_view name) {
  to += name;
  to += '=';
}

/// *Rooms:* one replica, its worker.
class Oprint final : public Codec {
 public:
  explicit Oprint(const OprintConfig& config) : compat_(config.compat), columns_(config, put_oprint_lead) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    for (Row row : batch.rows()) {
      payload.append("===>PACKET BOUNDARY\n");
      for (const Columns::Present& column : columns) {
        const Cell* cell = column.column->find(row);
        if (cell != nullptr && is_shown(*cell)) {
          payload.append({column.lead, column.lead_size});
          put_value(payload, *cell);
          payload.append('\n');
        }
      }
      payload.end_row();
    }
  }

 private:
  void put_value(Payload& payload, const Cell& cell) const {
    if (cell.type != Type::Address || compat_ == Compat::None) {
      append_ulogd_value(payload, cell, compat_);
      return;
    }
    std::string_view bytes = cell.bytes().substr(0, 4);
    for (size_t i = bytes.size(); i-- > 0;) {
      append_text(payload, Cell::of_unsigned(static_cast<unsigned char>(bytes[i])));
      payload.append(i > 0 ? "." : "");
    }
  }

  const Compat compat_;
  Columns columns_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const OprintConfig*>(raw), wiring);
}
}  // namespace

extern const Plugin codec_oprint;
const Plugin codec_oprint = {
    .kind = Kind::Codec,
    .name = "oprint",
    .doc = "a line for each key of a row, below a line that begins it",
    .options = options,
    .config = config_type<OprintConfig>,
    .declare = declare,
    .codec = make_codec<Oprint, OprintConfig>,
};

}  // namespace stook
