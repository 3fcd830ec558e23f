// SPDX-License-Identifier: Apache-2.0
/// msgpack: one map a row, from names to values.
///
/// Values keep their types: bytes are bin, times are the timestamp extension (-1), addresses extension 2 (4 or 16 bytes
/// in network order), numbers too large for 64 bits extension 1 (their digits). Names are str.
///
///   [out]
///   format = msgpack
///   without = message
///
///   {"status": 404, "took": 0.25}   as   82 a6 73 74 61 74 75 73 cd 01 94 a4 74 6f 6f 6b cb 3f d0 …
#include <array>
#include <string>

#include "core/api/plugin.hh"
#include "core/data/object.hh"
#include "sinks/codecs/columns.hh"

namespace stook {

namespace {
constexpr std::array options = {
    option<&ColumnChoice::keys>("keys", "", "write only these keys, in this order; none named: all"),
    option<&ColumnChoice::without>("without", "", "keys that are not written"),
    option<&ColumnChoice::also>("also", "", "keys about the row, such as file.path, that are written as well"),
};

void put_msgpack_lead(std::string& to, std::string_view name) {
  std::string buffer(name.size() + 20, '\0');
  char* end = put_cell(buffer.data(), Cell::of_text(name));
  to.append(buffer.data(), end);
}

class Msgpack final : public Codec {
 public:
  explicit Msgpack(const ColumnChoice& choice) : columns_(choice, put_msgpack_lead) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    for (Row row : batch.rows()) {
      uint32_t size = 0;
      for (const Columns::Present& column : columns) {
        const Cell* cell = column.column->find(row);
        size += cell == nullptr ? 0 : merged_size(*cell);
      }
      payload.commit(put_map_head(payload.room(9), size));
      for (const Columns::Present& column : columns) {
        if (const Cell* cell = column.column->find(row)) {
          put(payload, column, *cell);
        }
      }
      payload.end_row();
    }
  }

 private:
  // How many members of the map a cell becomes, more than one for the members without a key.
  static uint32_t merged_size(const Cell& cell) {
    uint32_t size = 0;
    return cell.type == Type::Object && cell.is_number && read_map(cell, size).data() != nullptr ? size : 1;
  }

  // The pairs of a map without its head; no data when it is none.
  static std::string_view read_map(const Cell& object, uint32_t& size) {
    if (!is_object(object.bytes())) {
      return {};
    }
    ObjectReader reader(object.bytes());
    Cell unused;
    if (reader.next(unused, size) != Item::Map) {
      return {};
    }
    return object.bytes().substr(object.size - reader.left());
  }

  static void put(Payload& payload, const Columns::Present& column, const Cell& cell) {
    uint32_t size = 0;
    if (cell.type == Type::Object && cell.is_number) {
      std::string_view pairs = read_map(cell, size);
      if (pairs.data() != nullptr) {
        payload.append(pairs);
        return;
      }
    }
    payload.append({column.lead, column.lead_size});
    // An object that is none would break the stream: it goes as its bytes.
    bool is_broken = cell.type == Type::Object && !cell.is_json && !is_object(cell.bytes());
    Cell value = is_broken ? Cell::of_slice(Type::Bytes, cell.bytes()) : cell;
    payload.commit(put_cell(payload.room(cell_room(value)), value));
  }

  Columns columns_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const ColumnChoice*>(raw), wiring);
}
}  // namespace

extern const Plugin codec_msgpack;
const Plugin codec_msgpack = {
    .kind = Kind::Codec,
    .name = "msgpack",
    .doc = "one msgpack map a row",
    .options = options,
    .primary = "keys",
    .config = config_type<ColumnChoice>,
    .declare = declare,
    .codec = make_codec<Msgpack, ColumnChoice>,
    .is_binary = true,
};

}  // namespace stook
