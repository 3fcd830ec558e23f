// SPDX-License-Identifier: Apache-2.0
/// parse_msgpack: one msgpack map a row into keys.
///
/// Reads the object under `key`, such as the records of the source `forward`, or bytes that are msgpack, and makes a
/// key of each member of the map: values as they are, maps and arrays as objects. A member replaces what its key held
/// before.
///
///   [spread]
///   prefix = app.
///
///   record={"level":"info","took":0.25,"user":{"id":7}}   →   app.level=info app.took=0.25 app.user={"id":7}
///
/// What is no map stays as it is and gets `parse_error`. A member that comes twice has its last value. Members for
/// which the route has no key left, and those whose name is longer than 255 bytes, go together into the object `rest`;
/// members past the 1,024th, and those whose name is no text, are lost and counted.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/data/endian.hh"
#include "core/data/object.hh"

namespace stook {

namespace {

struct ParseMsgpackConfig {
  std::string key;
  std::string prefix;
  bool keep = false;
};

constexpr std::array options = {
    option<&ParseMsgpackConfig::key>("key", "record", "the key whose map is read"),
    option<&ParseMsgpackConfig::keep>("keep", "no", "keep that map where it could be read"),
    option<&ParseMsgpackConfig::prefix>("prefix", "", "what stands before the name of each member's key"),
};

constexpr size_t max_members = 1024;
constexpr size_t max_name = 255;

// Positions in Wiring.writes.
constexpr size_t parse_error = 0;
constexpr size_t rest = 1;

/// One pair of a map; `pair` are the bytes of both.
struct MapMember {
  std::string_view name;
  std::string_view value;
  std::string_view pair;
};

/// The value of whole msgpack; containers stay as they are.
Cell value_of(std::string_view bytes) {
  auto tag = static_cast<uint8_t>(bytes[0]);
  if ((tag >= 0x80 && tag < 0xa0) || (tag >= 0xdc && tag <= 0xdf)) {
    return Cell::of_slice(Type::Object, bytes);
  }
  if (bytes.size() == 10 && tag == 0xd7 && bytes[1] == 0) {  // EventTime of the forward protocol
    return Cell::of_time(int64_t{big<uint32_t>(bytes.data() + 2)} * 1'000'000'000 + big<uint32_t>(bytes.data() + 6));
  }
  Cell cell{};
  uint32_t unused = 0;
  (void)ObjectReader(bytes).next(cell, unused);
  return cell;
}

/// *Invariants:* names_ and ids_ hold only while the dictionary's stamp is stamp_. *Rooms:* one replica, its worker.
class ParseMsgpack final : public Filter {
 public:
  explicit ParseMsgpack(const ParseMsgpackConfig& config) : config_(config) {}

  void run(Batch& batch) override ROOM(worker) {
    if (stamp_ != batch.keys().stamp()) {
      stamp_ = batch.keys().stamp();
      names_.clear();
      ids_.clear();
    }
    for (Row row : batch.rows()) {
      if (const char* reason = parse(batch, row)) {
        if (Column* column = batch.write(batch.out(parse_error))) {
          column->set(row, Cell::of_text(reason));
        }
        batch.fault(row);
      }
    }
  }

 private:
  /// Null, or why the row is none.
  const char* parse(Batch& batch, Row row) ROOM(worker) {
    const Column* source = batch.read(batch.in(0));
    const Cell* cell = source == nullptr ? nullptr : source->find(row);
    bool is_readable = cell != nullptr && (cell->type == Type::Object || cell->type == Type::Bytes);
    if (!is_readable) {
      return "not msgpack: the row has no object";
    }
    std::string_view bytes = cell->is_json ? batch.arena().copy(object_bytes(*cell, store_)) : cell->bytes();
    if (!is_object(bytes)) {
      return "not msgpack";
    }
    ObjectReader reader(bytes);
    Cell unused{};
    uint32_t size = 0;
    if (reader.next(unused, size) != Item::Map) {
      return "no map";
    }
    if (!config_.keep) {
      batch.write(batch.in(0))->clear(row);
    }
    put_members(batch, row, reader, size);
    return nullptr;
  }

  void put_members(Batch& batch, Row row, ObjectReader& reader, uint32_t size) ROOM(worker) {
    size_t count = std::min<size_t>(size, max_members);
    uint64_t lost = size - count;
    for (size_t i = 0; i < count; i++) {
      std::string_view name = reader.skip();
      std::string_view value = reader.skip();
      MapMember member{{}, value, {name.data(), name.size() + value.size()}};
      Cell named = value_of(name);
      if (named.type != Type::Text && named.type != Type::Bytes) {
        lost++;
        continue;
      }
      member.name = named.bytes();
      KeyId id = look_up(batch, i, member.name);
      if (id == no_key) {
        overflow_.push_back(member);
      } else {
        batch.bundle().put(id, row, value_of(value));
      }
    }
    if (lost > 0) {
      batch.meter().keys_lost.add(lost);
    }
    if (!overflow_.empty()) {
      put_overflow(batch, row);
    }
  }

  /// Members of rows seldom change: the key that stood at this place in the row before has a number already.
  KeyId look_up(Batch& batch, size_t place, std::string_view name) ROOM(worker) {
    if (place < names_.size() && names_[place] == name) {
      return ids_[place];
    }
    if (config_.prefix.size() + name.size() > max_name) {
      return no_key;
    }
    prefixed_.assign(config_.prefix).append(name);
    KeyId id = batch.keys().intern(prefixed_);
    if (place >= names_.size()) {
      names_.resize(place + 1);
      ids_.resize(place + 1, no_key);
    }
    names_[place].assign(id == no_key ? std::string_view() : name);
    ids_[place] = id;
    return id;
  }

  void put_overflow(Batch& batch, Row row) ROOM(worker) {
    size_t room = 5;
    for (const MapMember& member : overflow_) {
      room += member.pair.size();
    }
    char* begin = batch.arena().reserve(room);
    char* to = put_map_head(begin, static_cast<uint32_t>(overflow_.size()));
    for (const MapMember& member : overflow_) {
      to = put_cell(to, Cell::of_slice(Type::Object, member.pair));
    }
    auto size = static_cast<size_t>(to - begin);
    batch.arena().commit(size);
    Cell members = Cell::of_slice(Type::Object, {begin, size});
    members.is_number = true;  // the row's own members: codecs write them as keys
    if (Column* column = batch.write(batch.out(rest))) {
      column->set(row, members);
    }
    overflow_.clear();
  }

  const ParseMsgpackConfig& config_;
  uint64_t stamp_ = 0;
  std::vector<std::string> names_;  // by place in the row
  std::vector<KeyId> ids_;
  std::vector<MapMember> overflow_;
  std::string prefixed_;
  std::string store_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const ParseMsgpackConfig*>(raw);
  if (config.key.empty()) {
    throw std::invalid_argument("key: is empty; write the key whose map is read, as in key = record");
  }
  wiring.reads = {{config.key}};
  wiring.writes = {{"parse_error", Type::Text, "", "why the map could not be read"},
                   {"rest", Type::Object, "", "members for which there was no key left"}};
  wiring.opens = true;
}

}  // namespace

extern const Plugin filter_parse_msgpack;
const Plugin filter_parse_msgpack = {
    .kind = Kind::Filter,
    .name = "parse_msgpack",
    .doc = "reads one msgpack map a row and makes a key of each member",
    .options = options,
    .primary = "key",
    .config = config_type<ParseMsgpackConfig>,
    .declare = declare,
    .filter = make_filter<ParseMsgpack, ParseMsgpackConfig>,
};

}  // namespace stook
