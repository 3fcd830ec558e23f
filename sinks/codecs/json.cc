// SPDX-License-Identifier: Apache-2.0
/// json: one JSON object a row, one row a line.
///
/// Keys come in the order of the plan, then those that only the data knows. Values are exact: integers keep 64 bits, a
/// real keeps a point or an exponent, null is not absent, objects and arrays keep their order. Control characters of
/// any kind are escaped, so that a value cannot begin a line or speak to a terminal. What is not finite is null.
///
///   [out]
///   format = json
///   without = message, http_referer
///   time = epoch_ms
///
///   {"time":1795232280120,"remote_addr":"192.0.2.1","status":404,"took":0.25}
///
/// Bytes that are no UTF-8 become U+FFFD; `binary = escape` writes `\xNN` for each, `binary = base64` writes the whole
/// value as `base64:` and its base64. Keys that say something about the row (`file.path`, `recv.time`) are written when
/// `keys` or `also` names them. Members for which parse_json had no key left are written like keys.
#include "sinks/codecs/json.hh"

#include <array>

#include "core/data/plain_scan.hh"

namespace stook {

namespace {
// A cell that needs more room than this goes the slow way, in steps.
constexpr size_t small_room = 16 * 1024;
// Taken from the payload at a time.
constexpr size_t room_step = 32 * 1024;

void put_json_lead(std::string& to, std::string_view name) {
  Payload text;
  append_json(text, Cell::of_text(name), {});
  to += ',';
  to += text.bytes();
  to += ':';
}
}  // namespace

Json::Json(const JsonConfig& config) : style_{config.binary, config.time}, columns_(config, put_json_lead) {}

char* Json::make_room(Payload& payload, char* to, size_t size) {
  payload.commit(to);
  to = payload.room(size + room_step);
  end_ = to + (payload.capacity() - payload.size());
  return to;
}

// Objects and long texts.
char* Json::put_large(Payload& payload, char* to, const Columns::Present& column, const Cell& cell) {
  payload.commit(to);
  bool is_merged = cell.type == Type::Object && cell.is_number && append_json_members(payload, cell.bytes(), style_);
  if (!is_merged) {
    payload.append({column.lead, column.lead_size});
    append_json(payload, cell, style_);
  }
  return make_room(payload, payload.room(0), 0);
}

char* Json::put_row(Payload& payload, char* to, Row row, const std::vector<Columns::Present>& columns) {
  // The commas before all values: the first one is made the brace. Where the row begins is kept as an offset, as the
  // buffer may move.
  size_t begin = static_cast<size_t>(to - payload.bytes().data());
  bool is_empty = true;
  for (const Columns::Present& column : columns) {
    const Cell* cell = column.column->find(row);
    if (cell == nullptr) {
      continue;
    }
    if (cell->type == Type::Text && !cell->is_number) {
      // Most texts have nothing to escape. What has, is written once more below.
      size_t need = size_t{cell->size} + column.lead_size + json_margin;
      if (need <= static_cast<size_t>(end_ - to)) {
        char* text = put_padded(to, column.lead, column.lead_size);
        *text = '"';
        if (copy_all_plain(text + 1, cell->data, cell->size)) {
          to = text + 1 + cell->size;
          *to++ = '"';
          continue;
        }
      }
    }
    size_t need = json_room(*cell) + column.lead_size + json_margin;
    if ((cell->type == Type::Object && !cell->is_json) || need > small_room) {
      to = put_large(payload, to, column, *cell);
      continue;
    }
    if (need > static_cast<size_t>(end_ - to)) {
      to = make_room(payload, to, need);
    }
    to = put_padded(to, column.lead, column.lead_size);
    if (cell->type == Type::Time && style_.time == TimeForm::Iso) {
      *to = '"';
      to = time_.put(to + 1, cell->integer);
      *to++ = '"';
    } else {
      to = put_json(to, *cell, style_);
    }
  }
  if (static_cast<size_t>(end_ - to) < json_margin) {
    to = make_room(payload, to, json_margin);
  }
  char* first = payload.room(0) - payload.size() + begin;
  is_empty = first == to;
  *first = '{';
  to += is_empty ? 1 : 0;
  to[0] = '}';
  to[1] = '\n';
  return to + 2;
}

void Json::encode(Batch& batch, Payload& payload) {
  const std::vector<Columns::Present>& columns = columns_.gather(batch);
  char* to = make_room(payload, payload.room(0), 0);
  for (Row row : batch.rows()) {
    to = put_row(payload, to, row, columns);
    payload.end_row(to);
  }
  payload.commit(to);
}

namespace {
constexpr std::array options = {
    option<&JsonConfig::keys>("keys", "", "write only these keys, in this order; none named: all"),
    option<&JsonConfig::without>("without", "", "keys that are not written"),
    option<&JsonConfig::also>("also", "", "keys about the row, such as file.path, that are written as well"),
    option<&JsonConfig::binary>("binary", "replace", "what becomes of bytes that are no UTF-8"),
    option<&JsonConfig::time>("time", "iso", "how times are written; epoch is seconds"),
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const JsonConfig*>(raw), wiring);
}
}  // namespace

extern const Plugin codec_json;
const Plugin codec_json = {
    .kind = Kind::Codec,
    .name = "json",
    .doc = "one JSON object a row, one row a line",
    .options = options,
    .primary = "keys",
    .config = config_type<JsonConfig>,
    .declare = declare,
    .codec = make_codec<Json, JsonConfig>,
};

}  // namespace stook
