// SPDX-License-Identifier: Apache-2.0
/// sqlite3: the keys of a row with their values, for the sink of the same name.
///
/// Numbers and booleans are integers, reals are reals, text is text, bytes are blobs; addresses, times and objects are
/// written as text.
#include <array>

#include "core/api/plugin.hh"
#include "core/data/pattern.hh"
#include "sinks/codecs/columns.hh"

namespace stook {

namespace {
constexpr std::array options = {
    option<&ColumnChoice::also>("also", "", "keys about the row that have a column, such as stook.id and recv.time"),
};

/// What a value begins with; sinks/sqlite3/row.hh reads it.
constexpr char null_value = 'n';
constexpr char integer_value = 'i';
constexpr char real_value = 'r';
constexpr char text_value = 't';
constexpr char blob_value = 'b';

void put_size(std::string& to, size_t size) {
  auto number = static_cast<uint32_t>(size);
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_name(std::string& to, std::string_view name) {
  put_size(to, name.size());
  to += name;
}

/// *Rooms:* one replica, its worker.
class Sqlite3Rows final : public Codec {
 public:
  explicit Sqlite3Rows(const ColumnChoice& choice) : columns_(choice, put_name) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    for (Row row : batch.rows()) {
      for (const Columns::Present& column : columns) {
        if (const Cell* cell = column.column->find(row)) {
          payload.append({column.lead, column.lead_size});
          put(payload, *cell);
        }
      }
      payload.end_row();
    }
  }

 private:
  static void put_word(Payload& payload, char kind, uint64_t bits) {
    payload.append(kind);
    payload.append({reinterpret_cast<const char*>(&bits), sizeof bits});
  }
  static void put_slice(Payload& payload, char kind, std::string_view bytes) {
    auto size = static_cast<uint32_t>(bytes.size());
    payload.append(kind);
    payload.append({reinterpret_cast<const char*>(&size), sizeof size});
    payload.append(bytes);
  }

  void put(Payload& payload, const Cell& cell) ROOM(worker) {
    switch (cell.type) {
      case Type::Null:
        payload.append(null_value);
        return;
      case Type::Unsigned:
        if (cell.bits <= uint64_t{INT64_MAX}) {
          put_word(payload, integer_value, cell.bits);
          return;
        }
        break;
      case Type::Boolean:
      case Type::Integer:
        put_word(payload, integer_value, cell.bits);
        return;
      case Type::Real:
        put_word(payload, real_value, cell.bits);
        return;
      case Type::Text:
        put_slice(payload, text_value, cell.bytes());
        return;
      case Type::Bytes:
        put_slice(payload, blob_value, cell.bytes());
        return;
      default:
        break;
    }
    text_.reset();
    append_text(text_, cell);
    put_slice(payload, text_value, text_.bytes());
  }

  Columns columns_;
  Payload text_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const ColumnChoice*>(raw), wiring);
}
}  // namespace

extern const Plugin codec_sqlite3;
const Plugin codec_sqlite3 = {
    .kind = Kind::Codec,
    .name = "sqlite3",
    .doc = "the keys of a row with their values, for the sink sqlite3",
    .options = options,
    .config = config_type<ColumnChoice>,
    .declare = declare,
    .codec = make_codec<Sqlite3Rows, ColumnChoice>,
    .is_binary = true,
};

}  // namespace stook
