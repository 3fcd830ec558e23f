// SPDX-License-Identifier: Apache-2.0
// The identity law of the codecs: what comes in goes out. Rows of random values of all types are written, and read back by
// readers that share no code with stook.
#include <simdjson.h>

#include <catch2/catch.hpp>
#include <deque>
#include <msgpack.hpp>
#include <random>
#include <string>

#include "core/data/object.hh"
#include "core/data/pattern.hh"
#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Rig;

namespace {
/// A value with its nested ones, beside the cell that holds the same.
struct Member;
struct Value {
  Type type = Type::Null;
  bool is_array = false;
  Cell cell = Cell::of_null();
  std::vector<Member> members;
};
struct Member {
  Member(std::string first_, Value second_) : first(std::move(first_)), second(std::move(second_)) {}
  std::string first;
  Value second;
};

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}
  uint64_t any() { return random_(); }

  std::string text() {
    static const char* pieces[] = {"a", "\"",       "\\",           "\n", "\x1b",
                                   "é", "\xc2\x9b", "\xe2\x80\xa8", "🌾",  "  long run of plain text  "};
    std::string made;
    for (size_t n = any() % 8; n > 0; n--) {
      made += pieces[any() % 10];
    }
    return any() % 20 == 0 ? made + std::string(1, '\0') : made;
  }
  std::string_view keep(std::string bytes) { return store_.emplace_back(std::move(bytes)); }

  Value scalar() {
    Value v;
    switch (any() % 9) {
      case 0:
        break;
      case 1:
        v.cell = Cell::of_boolean(any() % 2 == 0);
        break;
      case 2:
        v.cell = Cell::of_integer(static_cast<int64_t>(any() >> (any() % 64)) * (any() % 2 == 0 ? 1 : -1));
        break;
      case 3:
        v.cell = Cell::of_unsigned(any() | uint64_t{1} << 63);
        break;
      case 4: {
        uint64_t bits = any();
        double real = 0;
        std::memcpy(&real, &bits, sizeof real);
        v.cell = Cell::of_real(std::isfinite(real) ? real : 1.0);
        break;
      }
      case 5:
        v.cell = Cell::of_time(static_cast<int64_t>(any() >> 2));
        break;
      case 6:
        v.cell = Cell::of_slice(Type::Address, keep(std::string(any() % 2 == 0 ? 4 : 16, static_cast<char>(any()))));
        break;
      default:
        v.cell = Cell::of_text(keep(text()));
    }
    v.type = v.cell.type;
    return v;
  }

  Value value(int depth) {
    if (depth == 0 || any() % 3 != 0) {
      return scalar();
    }
    Value v;
    v.type = Type::Object;
    v.is_array = any() % 2 == 0;
    for (size_t n = any() % 5; n > 0; n--) {
      v.members.emplace_back("k" + std::to_string(n) + text(), value(depth - 1));
    }
    return v;
  }

  void put(std::string& to, const Value& v) {
    char buffer[64];
    if (v.type == Type::Object) {
      auto size = static_cast<uint32_t>(v.members.size());
      to.append(buffer, v.is_array ? put_array_head(buffer, size) : put_map_head(buffer, size));
      for (const auto& [name, member] : v.members) {
        if (!v.is_array) {
          put_scalar(to, Cell::of_text(name));
        }
        put(to, member);
      }
      return;
    }
    put_scalar(to, v.cell);
  }

  Cell cell(const Value& v) {
    if (v.type != Type::Object) {
      return v.cell;
    }
    std::string bytes;
    put(bytes, v);
    return Cell::of_slice(Type::Object, keep(bytes));
  }

 private:
  static void put_scalar(std::string& to, const Cell& cell) {
    std::string buffer(cell_room(cell), '\0');
    to.append(buffer.data(), put_cell(buffer.data(), cell));
  }
  std::mt19937_64 random_;
  std::deque<std::string> store_;
};

bool same(const Value& v, simdjson::dom::element got) {
  if (v.type == Type::Object && v.is_array) {
    simdjson::dom::array array;
    if (got.get(array) != simdjson::SUCCESS || array.size() != v.members.size()) {
      return false;
    }
    size_t i = 0;
    for (simdjson::dom::element item : array) {
      if (!same(v.members[i++].second, item)) {
        return false;
      }
    }
    return true;
  }
  if (v.type == Type::Object) {
    simdjson::dom::object object;
    if (got.get(object) != simdjson::SUCCESS || object.size() != v.members.size()) {
      return false;
    }
    size_t i = 0;
    for (auto field : object) {
      if (field.key != v.members[i].first || !same(v.members[i].second, field.value)) {
        return false;
      }
      i++;
    }
    return true;
  }
  char text[64];
  switch (v.type) {
    case Type::Null:
      return got.is_null();
    case Type::Boolean:
      return got.is_bool() && bool(got) == v.cell.is_truth();
    case Type::Integer:
      return got.is_int64() && int64_t(got) == v.cell.integer;
    case Type::Unsigned:
      return got.is_uint64() && uint64_t(got) == v.cell.bits;
    case Type::Real:
      return got.is_double() && double(got) == v.cell.real;
    case Type::Time:
      return got.is_string() && std::string_view(got) == std::string_view(text, put_time(text, v.cell.integer) - text);
    case Type::Address:
      return got.is_string() &&
             std::string_view(got) == std::string_view(text, put_address(text, v.cell.bytes()) - text);
    default:
      return got.is_string() && std::string_view(got) == v.cell.bytes();
  }
}

bool same(const Value& v, const msgpack::object& got) {
  if (v.type == Type::Object && v.is_array) {
    bool is_same = got.type == msgpack::type::ARRAY && got.via.array.size == v.members.size();
    for (size_t i = 0; is_same && i < v.members.size(); i++) {
      is_same = same(v.members[i].second, got.via.array.ptr[i]);
    }
    return is_same;
  }
  if (v.type == Type::Object) {
    bool is_same = got.type == msgpack::type::MAP && got.via.map.size == v.members.size();
    for (size_t i = 0; is_same && i < v.members.size(); i++) {
      is_same = got.via.map.ptr[i].key.as<std::string>() == v.members[i].first &&
                same(v.members[i].second, got.via.map.ptr[i].val);
    }
    return is_same;
  }
  switch (v.type) {
    case Type::Null:
      return got.type == msgpack::type::NIL;
    case Type::Boolean:
      return got.type == msgpack::type::BOOLEAN && got.via.boolean == v.cell.is_truth();
    case Type::Integer:
      return v.cell.integer < 0 ? got.type == msgpack::type::NEGATIVE_INTEGER && got.via.i64 == v.cell.integer
                                : got.type == msgpack::type::POSITIVE_INTEGER && got.via.u64 == v.cell.bits;
    case Type::Unsigned:
      return got.type == msgpack::type::POSITIVE_INTEGER && got.via.u64 == v.cell.bits;
    case Type::Real:
      return got.type == msgpack::type::FLOAT64 && got.via.f64 == v.cell.real;
    case Type::Time:
      return got.as<std::chrono::system_clock::time_point>().time_since_epoch() ==
             std::chrono::nanoseconds(v.cell.integer);
    case Type::Address:
      return got.type == msgpack::type::EXT && got.via.ext.type() == 2 &&
             std::string_view(got.via.ext.data(), got.via.ext.size) == v.cell.bytes();
    default:
      return got.type == msgpack::type::STR && got.as<std::string>() == v.cell.bytes();
  }
}

using Row_ = std::vector<std::pair<std::string, Value>>;
std::vector<Row_> make_rows(Maker& maker, Rig& rig) {
  std::vector<Row_> rows;
  for (int i = 0; i < 200; i++) {
    Row_ row;
    std::vector<std::pair<std::string, Cell>> cells;
    for (int k = 0; k < 10; k++) {
      if (maker.any() % 4 != 0) {
        row.emplace_back("key" + std::to_string(k), maker.value(4));
        cells.emplace_back(row.back().first, maker.cell(row.back().second));
      }
    }
    rig.row(cells);
    rows.push_back(row);
  }
  return rows;
}

const Value* find(const Row_& row, std::string_view name) {
  for (const auto& [key, value] : row) {
    if (key == name) {
      return &value;
    }
  }
  return nullptr;
}
}  // namespace

TEST_CASE("what json writes, an independent reader reads as the same values") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  Maker maker(seed);
  simdjson::dom::parser parser;
  for (int round = 0; round < 20; round++) {
    Rig rig(Kind::Codec, "json");
    std::vector<Row_> rows = make_rows(maker, rig);
    std::string lines = rig.encode();
    size_t at = 0;
    for (const Row_& row : rows) {
      size_t end = lines.find('\n', at);
      REQUIRE(end != std::string::npos);
      simdjson::dom::object object;
      INFO(lines.substr(at, end - at));
      REQUIRE(parser.parse(lines.substr(at, end - at)).get(object) == simdjson::SUCCESS);
      REQUIRE(object.size() == row.size());
      for (auto field : object) {
        const Value* value = find(row, field.key);
        REQUIRE(value != nullptr);
        REQUIRE(same(*value, field.value));
      }
      at = end + 1;
    }
    REQUIRE(at == lines.size());
  }
}

TEST_CASE("what msgpack writes, an independent reader reads as the same values") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  Maker maker(seed);
  for (int round = 0; round < 20; round++) {
    Rig rig(Kind::Codec, "msgpack");
    std::vector<Row_> rows = make_rows(maker, rig);
    std::string bytes = rig.encode();
    size_t at = 0;
    for (const Row_& row : rows) {
      msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size(), at);
      const msgpack::object& object = handle.get();
      REQUIRE(object.type == msgpack::type::MAP);
      REQUIRE(object.via.map.size == row.size());
      for (uint32_t i = 0; i < object.via.map.size; i++) {
        const Value* value = find(row, object.via.map.ptr[i].key.as<std::string>());
        REQUIRE(value != nullptr);
        REQUIRE(same(*value, object.via.map.ptr[i].val));
      }
    }
    REQUIRE(at == bytes.size());
  }
}
