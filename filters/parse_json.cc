// SPDX-License-Identifier: Apache-2.0
/// parse_json: one JSON object a row into keys.
///
/// Reads the text under `key` and makes a key of each member of the object: strings, numbers, true, false and null as
/// they are, nested objects and arrays as objects. Values are exact: integers keep 64 bits, larger numbers their digits.
/// An object that is written as JSON again may keep its spelling: `{"a": 1.50}` stays so.
///
///   [json]
///   prefix = app.
///
///   {"level":"info","took":0.25,"user":{"id":7}}   →   app.level=info app.took=0.25 app.user={"id":7}
///
/// A text that is no JSON object stays as it is and gets `parse_error`. A key that comes twice has its last value, and
/// `duplicate_keys` says how many values were replaced. Members for which the route has no key left, and those whose name
/// is longer than 255 bytes, go together into the object `rest`; a row's members past the 1,024th are lost and counted.
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/api/json.hh"
#include "core/api/plugin.hh"
#include "core/data/object.hh"

namespace stook {

namespace {

struct ParseJsonConfig {
  std::string key;
  std::string into;
  std::string prefix;
  bool keep_text = false;
};

constexpr std::array options = {
    option<&ParseJsonConfig::key>("key", "message", "the key whose text is read"),
    option<&ParseJsonConfig::keep_text>("keep_text", "no", "keep that text where it could be parsed"),
    option<&ParseJsonConfig::into>("into", "",
                                   "put the whole object under this key, in place of a key for each member"),
    option<&ParseJsonConfig::prefix>("prefix", "", "what stands before the name of each member's key"),
};

constexpr size_t max_members = 1024;
constexpr size_t max_name = 255;
constexpr size_t max_expected = 256;

// Positions in Wiring.writes.
constexpr size_t parse_error = 0;
constexpr size_t whole = 1;
constexpr size_t rest = 1;
constexpr size_t duplicate_keys = 2;

/// *Invariants:* what is expected and seen_ hold only while the dictionary's stamp is stamp_.
/// *Rooms:* one replica, its worker.
class ParseJson final : public Filter {
 public:
  explicit ParseJson(const ParseJsonConfig& config) : config_(config) {}

  void run(Batch& batch) override ROOM(worker) {
    OpenKeys& keys = batch.keys();
    if (stamp_ != keys.stamp()) {
      stamp_ = keys.stamp();
      expected_.clear();
      reader_.expect_nothing();
      seen_.assign(keys.capacity(), 0);
      mark_ = 0;
    }
    for (Row row : batch.rows()) {
      const char* reason = parse(batch, row);
      if (reason != nullptr) {
        fail(batch, row, reason);
      }
    }
    reader_.trim();
  }

 private:
  /// Null, or why the row is none.
  const char* parse(Batch& batch, Row row) ROOM(worker) {
    const Column* source = batch.read(batch.in(0));
    const Cell* text = source == nullptr ? nullptr : source->find(row);
    if (text == nullptr || (text->type != Type::Text && text->type != Type::Bytes)) {
      return "not JSON: the row has no text";
    }
    if (!config_.into.empty()) {
      Cell object{};
      if (!reader_.read_object(text->bytes(), batch.arena(), object)) {
        return reader_.reason();
      }
      forget_text(batch, row);
      put(batch, whole, row, object);
      return nullptr;
    }
    if (!reader_.read_members(text->bytes(), batch.arena())) {
      return reader_.reason();
    }
    forget_text(batch, row);
    put_members(batch, row);
    return nullptr;
  }

  void put(Batch& batch, size_t what, Row row, const Cell& cell) ROOM(worker) {
    if (Column* column = batch.write(batch.out(what))) {
      column->set(row, cell);
    }
  }

  void fail(Batch& batch, Row row, const char* reason) ROOM(worker) {
    put(batch, parse_error, row, Cell::of_text(reason));
    batch.fault(row);
  }

  void forget_text(Batch& batch, Row row) ROOM(worker) {
    if (!config_.keep_text) {
      batch.write(batch.in(0))->clear(row);
    }
  }

  void put_members(Batch& batch, Row row) ROOM(worker) {
    std::span<const JsonMember> members = reader_.members();
    if (members.size() > max_members) {
      batch.meter().keys_lost.add(members.size() - max_members);
      members = members.first(max_members);
    }
    next_mark();
    int64_t duplicates = 0;
    Bundle& bundle = batch.bundle();
    for (size_t i = 0; i < members.size(); i++) {
      // Members of rows seldom change: the key that stood at this place in the row before has a number already.
      KeyId id = members[i].is_expected ? expected_[i] : look_up(batch, i, members[i].key);
      if (id == no_key) {
        overflow_.push_back(members[i]);
        continue;
      }
      duplicates += seen_[index_of(id)] == mark_ ? 1 : 0;
      seen_[index_of(id)] = mark_;
      bundle.put(id, row, members[i].value);
    }
    if (duplicates > 0) {
      put(batch, duplicate_keys, row, Cell::of_integer(duplicates));
    }
    if (!overflow_.empty()) {
      put_overflow(batch, row);
    }
  }

  KeyId look_up(Batch& batch, size_t place, std::string_view name) ROOM(worker) {
    if (config_.prefix.size() + name.size() > max_name) {
      return no_key;
    }
    KeyId id = no_key;
    if (config_.prefix.empty()) {
      id = batch.keys().intern(name);
    } else {
      prefixed_.assign(config_.prefix).append(name);
      id = batch.keys().intern(prefixed_);
    }
    if (place < max_expected && id != no_key) {
      if (place >= expected_.size()) {
        expected_.resize(place + 1, no_key);
      }
      expected_[place] = id;
      reader_.expect(place, name);
    }
    return id;
  }

  /// One map of the members without a key. A member that is itself called `rest` moves into it.
  void put_overflow(Batch& batch, Row row) ROOM(worker) {
    KeyId id = batch.out(rest);
    if (id != no_key && seen_[index_of(id)] == mark_) {
      overflow_.push_back({batch.keys().name(id), (*batch.read(id))[row], false});
    }
    size_t room = 5;
    for (const JsonMember& member : overflow_) {
      room += cell_room(Cell::of_text(member.key)) + cell_room(member.value);
    }
    char* begin = batch.arena().reserve(room);
    char* to = put_map_head(begin, static_cast<uint32_t>(overflow_.size()));
    for (const JsonMember& member : overflow_) {
      to = put_cell(put_cell(to, Cell::of_text(member.key)), member.value);
    }
    auto size = static_cast<size_t>(to - begin);
    batch.arena().commit(size);
    Cell members = Cell::of_slice(Type::Object, {begin, size});
    members.is_number = true;  // the row's own members: codecs write them as keys
    put(batch, rest, row, members);
    overflow_.clear();
  }

  /// A number that no key bears yet, for the row that begins.
  void next_mark() ROOM(worker) {
    if (++mark_ == 0) {
      std::fill(seen_.begin(), seen_.end(), 0u);
      mark_ = 1;
    }
  }

  const ParseJsonConfig& config_;
  JsonReader reader_;
  uint64_t stamp_ = 0;
  std::vector<KeyId> expected_;  // by place in the row, for the keys that the reader expects
  std::vector<uint32_t> seen_;   // by KeyId: the mark of the last row that had it
  uint32_t mark_ = 0;
  std::vector<JsonMember> overflow_;
  std::string prefixed_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const ParseJsonConfig*>(raw);
  if (!config.into.empty() && !config.prefix.empty()) {
    throw std::invalid_argument("prefix and into exclude each other: with into there are no keys of members");
  }
  wiring.reads = {{config.key}};
  wiring.writes = {{"parse_error", Type::Text, "", "why the text could not be parsed"}};
  if (!config.into.empty()) {
    wiring.writes.push_back({config.into, Type::Object, "", "the object"});
    return;
  }
  wiring.opens = true;
  wiring.writes.push_back({"rest", Type::Object, "", "members for which there was no key left"});
  wiring.writes.push_back({"duplicate_keys", Type::Integer, "", "how many members came again", true});
}

}  // namespace

extern const Plugin filter_parse_json;
const Plugin filter_parse_json = {
    .kind = Kind::Filter,
    .name = "parse_json",
    .doc = "reads one JSON object a row and makes a key of each member",
    .options = options,
    .config = config_type<ParseJsonConfig>,
    .declare = declare,
    .filter = make_filter<ParseJson, ParseJsonConfig>,
};

}  // namespace stook
