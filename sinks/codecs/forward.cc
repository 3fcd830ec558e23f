// SPDX-License-Identifier: Apache-2.0
/// forward: an entry of the forward protocol a row, behind its tag, for the sink `forward`.
///
/// The entry is an array of the time, an EventTime of seconds and nanoseconds, and a map from names to values as the
/// codec `msgpack` writes it. The time is the row's `time`, else the present; one that an EventTime cannot hold (before
/// 1970, after 2106) is a member of the map as well. The tag is `tag`, or the text of the key that `tag_key` names.
///
///   [out]
///   tag = app.web
///   tag_key = tag
#include <array>
#include <stdexcept>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/endian.hh"
#include "core/data/object.hh"
#include "sinks/codecs/columns.hh"

namespace stook {

namespace {

struct ForwardFormat : ColumnChoice {
  std::string tag;
  std::string tag_key;
};

constexpr std::array options = {
    option<&ForwardFormat::tag>("tag", "stook", "the tag of rows that have none of their own"),
    option<&ForwardFormat::tag_key>("tag_key", "tag", "the key whose text is a row's tag; empty: none"),
    option<&ColumnChoice::without>("without", "", "keys that are not written"),
};

constexpr int64_t second = 1'000'000'000;
constexpr size_t most_tag = 1024;

void put_forward_lead(std::string& to, std::string_view name) {
  std::string buffer(name.size() + 20, '\0');
  to.append(buffer.data(), put_cell(buffer.data(), Cell::of_text(name)));
}

void put_value(Payload& payload, const Cell& cell) {
  // An object that is none would break the stream: it goes as its bytes.
  bool is_broken = cell.type == Type::Object && !cell.is_json && !is_object(cell.bytes());
  Cell value = is_broken ? Cell::of_slice(Type::Bytes, cell.bytes()) : cell;
  payload.commit(put_cell(payload.room(cell_room(value)), value));
}

/// The pairs of the row's own members, for which no key was left; no data when the cell is something else.
std::string_view own_pairs(const Cell& cell, uint32_t& size) {
  Cell unused{};
  if (cell.type != Type::Object || !cell.is_number || !is_object(cell.bytes())) {
    return {};
  }
  ObjectReader reader(cell.bytes());
  return reader.next(unused, size) == Item::Map ? cell.bytes().substr(cell.size - reader.left()) : std::string_view();
}

/// *Rooms:* one replica, its worker.
class ForwardCodec final : public Codec {
 public:
  explicit ForwardCodec(const ForwardFormat& config) : config_(config), columns_(config, put_forward_lead) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    const Column* times = batch.read(batch.in(0));
    const Column* tags = config_.tag_key.empty() ? nullptr : batch.read(batch.in(1));
    int64_t now = wall_ns();
    for (Row row : batch.rows()) {
      const Cell* time = times == nullptr ? nullptr : times->find(row);
      const Cell* tag = tags == nullptr ? nullptr : tags->find(row);
      bool is_tagged = tag != nullptr && tag->type == Type::Text && tag->size > 0 && tag->size <= most_tag;
      put_value(payload, Cell::of_text(is_tagged ? tag->bytes() : config_.tag));
      payload.append('\x92');
      bool is_held = put_event_time(payload, time, now);
      put_record(payload, columns, row, is_held ? nullptr : time, is_tagged ? nullptr : tag);
      payload.end_row();
    }
  }

 private:
  /// False when the row has a time that is not this one.
  static bool put_event_time(Payload& payload, const Cell* time, int64_t now) {
    bool is_time = time != nullptr && time->type == Type::Time;
    bool is_held = is_time && time->integer >= 0 && time->integer / second <= int64_t{UINT32_MAX};
    int64_t ns = is_held ? time->integer : now;
    char* to = payload.room(10);
    *to++ = '\xd7';
    *to++ = 0;
    payload.commit(put_big(put_big(to, static_cast<uint32_t>(ns / second)), static_cast<uint32_t>(ns % second)));
    return is_held;
  }

  void put_record(Payload& payload, const std::vector<Columns::Present>& columns, Row row, const Cell* time,
                  const Cell* tag) ROOM(worker) {
    uint32_t size = (time != nullptr ? 1 : 0) + (tag != nullptr ? 1 : 0);
    for (const Columns::Present& column : columns) {
      const Cell* cell = column.column->find(row);
      uint32_t own = 1;
      size += cell == nullptr ? 0 : own_pairs(*cell, own).data() == nullptr ? 1 : own;
    }
    payload.commit(put_map_head(payload.room(9), size));
    for (const Columns::Present& column : columns) {
      if (const Cell* cell = column.column->find(row)) {
        uint32_t unused = 0;
        std::string_view pairs = own_pairs(*cell, unused);
        payload.append(pairs.data() == nullptr ? std::string_view(column.lead, column.lead_size) : pairs);
        if (pairs.data() == nullptr) {
          put_value(payload, *cell);
        }
      }
    }
    put_pair(payload, "time", time);
    put_pair(payload, config_.tag_key, tag);
  }

  static void put_pair(Payload& payload, std::string_view name, const Cell* cell) {
    if (cell != nullptr) {
      put_value(payload, Cell::of_text(name));
      put_value(payload, *cell);
    }
  }

  const ForwardFormat& config_;
  Columns columns_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<ForwardFormat*>(raw);
  if (config.tag.empty() || config.tag.size() > most_tag) {
    throw std::invalid_argument("tag: is empty or longer than 1024 bytes; write one such as tag = stook");
  }
  wiring.reads = {{"time", Type::Mixed, true}};
  config.without.push_back("time");
  if (!config.tag_key.empty()) {
    wiring.reads.push_back({config.tag_key, Type::Mixed, true});
    config.without.push_back(config.tag_key);
  }
  declare_columns(config, wiring);
}

}  // namespace

extern const Plugin codec_forward;
const Plugin codec_forward = {
    .kind = Kind::Codec,
    .name = "forward",
    .doc = "an entry of the forward protocol a row, behind its tag",
    .options = options,
    .primary = "tag",
    .config = config_type<ForwardFormat>,
    .declare = declare,
    .codec = make_codec<ForwardCodec, ForwardFormat>,
    .is_binary = true,
};

}  // namespace stook
