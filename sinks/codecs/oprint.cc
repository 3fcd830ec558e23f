// SPDX-License-Identifier: Apache-2.0
/// oprint: a line for each key of a row, below a line that begins the row.
///
/// Bytes are not written, addresses are in their usual form, and a key stands once. Control characters are escaped.
///
///     ===>PACKET BOUNDARY
///     raw.pktlen=33
///     oob.prefix=in:
///     ip.saddr=192.0.2.1
#include <string>

#include "core/api/plugin.hh"
#include "sinks/codecs/columns.hh"
#include "sinks/codecs/ulogd_value.hh"

namespace stook {

namespace {
void put_oprint_lead(std::string& to, std::string_view name) {
  to += name;
  to += '=';
}

/// *Rooms:* one replica, its worker.
class Oprint final : public Codec {
 public:
  explicit Oprint(const ColumnChoice& config) : columns_(config, put_oprint_lead) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    for (Row row : batch.rows()) {
      payload.append("===>PACKET BOUNDARY\n");
      for (const Columns::Present& column : columns) {
        const Cell* cell = column.column->find(row);
        if (cell != nullptr && is_shown(*cell)) {
          payload.append({column.lead, column.lead_size});
          append_ulogd_value(payload, *cell);
          payload.append('\n');
        }
      }
      payload.end_row();
    }
  }

 private:
  Columns columns_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const ColumnChoice*>(raw), wiring);
}
}  // namespace

extern const Plugin codec_oprint;
const Plugin codec_oprint = {
    .kind = Kind::Codec,
    .name = "oprint",
    .doc = "a line for each key of a row, below a line that begins it",
    .config = config_type<ColumnChoice>,
    .declare = declare,
    .codec = make_codec<Oprint, ColumnChoice>,
};

}  // namespace stook
