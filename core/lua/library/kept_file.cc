// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/kept_file.hh"

#include <cinttypes>
#include <cstdio>

#include "core/base/crc32c.hh"
#include "core/data/object.hh"

namespace stook {

namespace {
using Kind = SharedValue::Kind;

void append(std::string& out, const Cell& cell) {
  size_t size = out.size();
  out.resize(size + cell_room(cell));
  out.resize(static_cast<size_t>(put_cell(out.data() + size, cell) - out.data()));
}

void append_array(std::string& out, size_t size) {
  char head[8];
  out.append(head, put_array_head(head, static_cast<uint32_t>(size)));
}

void append_map(std::string& out, size_t size) {
  char head[8];
  out.append(head, put_map_head(head, static_cast<uint32_t>(size)));
}

Cell cell_of(const SharedValue& value) {
  switch (value.kind) {
    case Kind::Boolean:
      return Cell::of_boolean(value.integer != 0);
    case Kind::Integer:
      return Cell::of_integer(value.integer);
    case Kind::Real:
      return Cell::of_real(value.real);
    case Kind::Text:
      return Cell::of_text(value.text);
    case Kind::None:
      break;
  }
  return Cell::of_null();
}

SharedValue value_of(const Cell& cell) {
  SharedValue value;
  value.kind = cell.type == Type::Null      ? Kind::None
               : cell.type == Type::Boolean ? Kind::Boolean
               : cell.type == Type::Integer ? Kind::Integer
               : cell.type == Type::Real    ? Kind::Real
                                            : Kind::Text;
  if (cell.is_slice()) {
    value.text = cell.bytes();
  } else if (cell.type == Type::Real) {
    value.real = cell.real;
  } else {
    value.integer = cell.integer;
  }
  return value;
}

void append_group(std::string& out, const KeptGroup& group) {
  append_array(out, 3);
  append(out, Cell::of_text(group.positions));
  append(out, Cell::of_integer(static_cast<int64_t>(group.generation)));
  append_map(out, group.changes.size());
  for (const auto& [key, change] : group.changes) {
    append(out, Cell::of_text(key));
    append_array(out, 4);
    append(out, Cell::of_integer(static_cast<int64_t>(change.kind)));
    append(out, cell_of(change.value));
    append(out, Cell::of_integer(change.expires));
    append(out, Cell::of_integer(change.at));
  }
}

/// Reads one item after the other, until one is not what it has to be.
class KeptReader {
 public:
  explicit KeptReader(std::string_view bytes) : reader_(bytes) {}

  bool is_good() const { return is_good_; }
  uint32_t head(Item wanted) {
    Cell cell{};
    uint32_t size = 0;
    is_good_ = is_good_ && reader_.next(cell, size) == wanted;
    return is_good_ ? size : 0;
  }
  Cell cell() {
    Cell cell{};
    uint32_t size = 0;
    is_good_ = is_good_ && reader_.next(cell, size) == Item::Value;
    return is_good_ ? cell : Cell::of_null();
  }
  int64_t integer() { return cell().integer; }
  std::string text() {
    Cell cell = this->cell();
    is_good_ = is_good_ && cell.is_slice();
    return is_good_ ? std::string(cell.bytes()) : std::string();
  }

 private:
  ObjectReader reader_;
  bool is_good_ = true;
};

void read_entries(KeptReader& in, KeptEntries& entries) {
  for (uint32_t left = in.head(Item::Map); left > 0 && in.is_good(); left--) {
    std::string key = in.text();
    in.head(Item::Array);
    KeptEntry entry;
    entry.value = value_of(in.cell());
    entry.expires = in.integer();
    entries[key] = std::move(entry);
  }
}

KeptGroup read_group(KeptReader& in) {
  KeptGroup group;
  in.head(Item::Array);
  group.positions = in.text();
  group.generation = static_cast<uint64_t>(in.integer());
  for (uint32_t left = in.head(Item::Map); left > 0 && in.is_good(); left--) {
    std::string key = in.text();
    in.head(Item::Array);
    KeptChange change;
    int64_t kind = in.integer();
    change.kind = kind == 1 ? KeptChange::Kind::Set : kind == 2 ? KeptChange::Kind::Add : KeptChange::Kind::Take;
    change.value = value_of(in.cell());
    change.expires = in.integer();
    change.at = in.integer();
    group.changes[key] = std::move(change);
  }
  return group;
}
}  // namespace

std::string show_kept(const KeptFile& file, int64_t wall) {
  std::string body;
  append_array(body, 2);
  size_t head = body.size();
  body.resize(head + 5);
  uint32_t count = 0;
  for (const auto& [key, entry] : file.entries) {
    if (entry.expires != 0 && entry.expires <= wall) {
      continue;
    }
    count++;
    append(body, Cell::of_text(key));
    append_array(body, 2);
    append(body, cell_of(entry.value));
    append(body, Cell::of_integer(entry.expires));
  }
  put_wide_map_head(body.data() + head, count);
  append_array(body, file.groups.size());
  for (const KeptGroup& group : file.groups) {
    append_group(body, group);
  }
  char line[64];
  std::snprintf(line, sizeof line, "stook-keep 2 %zu %08x\n", body.size(), static_cast<unsigned>(crc32c(body)));
  return line + body;
}

bool read_kept(const std::string& bytes, KeptFile& file) {
  size_t line = bytes.find('\n');
  int version = 0;
  uint64_t size = 0;
  unsigned sum = 0;
  if (line == std::string::npos ||
      std::sscanf(bytes.c_str(), "stook-keep %d %" SCNu64 " %x", &version, &size, &sum) != 3) {
    return false;
  }
  std::string_view body = std::string_view(bytes).substr(line + 1);
  if ((version != 1 && version != 2) || body.size() != size || crc32c(body) != sum) {
    return false;
  }
  KeptReader in(body);
  if (version == 2) {
    in.head(Item::Array);
  }
  read_entries(in, file.entries);
  for (uint32_t left = version == 2 ? in.head(Item::Array) : 0; left > 0 && in.is_good(); left--) {
    file.groups.push_back(read_group(in));
  }
  return in.is_good();
}

}  // namespace stook
