// SPDX-License-Identifier: Apache-2.0
#include "core/tool/stest/rows.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "core/api/json.hh"
#include "core/base/text.hh"
#include "core/data/time_text.hh"
#include "core/data/typed_text.hh"

namespace stook {

namespace {
/// An object's members as their texts, blanks outside strings left out.
struct ObjectText {
  std::map<std::string, std::string> members;
  bool is_partial = false;
};

// The end of the JSON value or of the blanks that begin at `at`, up to a comma, colon or bracket of this level.
size_t value_end_of(std::string_view text, size_t at, std::string& out) {
  int depth = 0;
  for (; at < text.size(); at++) {
    char c = text[at];
    if (depth == 0 && (c == ',' || c == ':' || c == '}')) {
      break;
    }
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    if (c == '"') {
      size_t end = at + 1;
      while (end < text.size() && text[end] != '"') {
        end += text[end] == '\\' ? 2 : 1;
      }
      end = std::min(end + 1, text.size());
      out += text.substr(at, end - at);
      at = end - 1;
    } else if (c != ' ' && c != '\t') {
      out += c;
    }
  }
  return at;
}

// Without the `...` at its end, if it has one.
std::string strip_rest(std::string_view text, bool& is_partial) {
  std::string_view inner = trim(text);
  is_partial = false;
  if (inner.empty() || inner.back() != '}') {
    return std::string(text);
  }
  inner = trim(inner.substr(0, inner.size() - 1));
  if (inner.size() < 4 || inner.substr(inner.size() - 3) != "...") {
    return std::string(text);
  }
  is_partial = true;
  inner = trim(inner.substr(0, inner.size() - 3));
  if (inner.back() == ',') {
    inner.remove_suffix(1);
  }
  return std::string(inner) + "}";
}

bool is_object(const std::string& text, std::string& why) {
  JsonReader reader;
  Arena arena;
  bool is_read = reader.read_members(text, arena);
  why = is_read ? "" : reader.reason();
  return is_read;
}

// REQUIRES: it is an object.
ObjectText object_text(std::string_view text) {
  ObjectText object;
  std::string whole = strip_rest(text, object.is_partial);
  size_t at = whole.find('{') + 1;
  while (at < whole.size()) {
    std::string key;
    std::string value;
    at = value_end_of(whole, at, key);
    if (at >= whole.size() || whole[at] != ':') {
      break;
    }
    at = value_end_of(whole, at + 1, value) + 1;
    object.members[key] = value;
  }
  return object;
}

// The name without its type; Mixed where it carries none.
std::string_view split_type(std::string_view key, Type& type) {
  size_t colon = key.rfind(':');
  if (colon != std::string_view::npos && colon > 0 && find_type(key.substr(colon + 1), type)) {
    return key.substr(0, colon);
  }
  type = Type::Mixed;
  return key;
}

// The value as one of that type; false when it is none.
bool convert(Cell& cell, Type type, Arena& arena) {
  if (type == Type::Mixed || cell.type == type) {
    return true;
  }
  if (cell.type == Type::Integer && (type == Type::Unsigned || type == Type::Real)) {
    bool is_right = type == Type::Real || cell.integer >= 0;
    cell = type == Type::Real ? Cell::of_real(static_cast<double>(cell.integer)) : Cell::of_unsigned(cell.bits);
    return is_right;
  }
  if (cell.type != Type::Text) {
    return false;
  }
  std::string text(cell.bytes());
  if (type == Type::Time) {
    TimeText time = TimeReader("iso8601").read_all(text);
    cell = time ? Cell::of_time(time.ns) : cell;
    return static_cast<bool>(time);
  }
  if (type == Type::Address) {
    char bytes[16];
    size_t size = ::inet_pton(AF_INET, text.c_str(), bytes) == 1    ? 4
                  : ::inet_pton(AF_INET6, text.c_str(), bytes) == 1 ? 16
                                                                    : 0;
    if (size > 0) {
      char* kept = arena.reserve(size);
      std::memcpy(kept, bytes, size);
      arena.commit(size);
      cell = Cell::of_slice(Type::Address, {kept, size});
    }
    return size > 0;
  }
  cell.type = type == Type::Bytes ? type : cell.type;
  return type == Type::Bytes;
}
}  // namespace

bool check_fed_row(const std::string& text, std::string& why) {
  JsonReader reader;
  Arena arena;
  if (!reader.read_members(text, arena)) {
    why = reader.reason();
    return false;
  }
  for (const JsonMember& member : reader.members()) {
    Type type{};
    Cell cell = member.value;
    std::string_view name = split_type(member.key, type);
    if (!convert(cell, type, arena)) {
      why = "the value of '" + std::string(name) + "' is no " + std::string(type_name(type)) +
            "; a time is written \"2026-11-21T03:38:00Z\", an address \"192.0.2.1\"";
      return false;
    }
  }
  return true;
}

bool check_expected_row(const std::string& text, std::string& why) {
  bool is_partial = false;
  return is_object(strip_rest(text, is_partial), why);
}

void put_row(const TestRow& row, Bundle& bundle, OpenKeys& keys) {
  Row at = bundle.append();
  if (!row.is_object) {
    bundle.put(keys.intern("message"), at, Cell::of_text(row.text));
    return;
  }
  JsonReader reader;
  if (!reader.read_members(row.text, bundle.arena())) {
    return;
  }
  for (const JsonMember& member : reader.members()) {
    Type type{};
    Cell cell = member.value;
    KeyId id = keys.intern(split_type(member.key, type));
    if (id == no_key) {
      continue;
    }
    Type declared = type == Type::Mixed && keys.is_planned(id) ? keys.schema().key(id).type : type;
    [[maybe_unused]] bool is_converted = convert(cell, declared, bundle.arena());  // else it is fed as it is
    bundle.put(id, at, cell);
  }
}

bool matches(const TestRow& expected, const std::string& came) {
  std::string why;
  if (!expected.is_object) {
    constexpr std::string_view rest = " ...";
    size_t size = expected.text.size();
    bool is_open = size >= rest.size() && expected.text.compare(size - rest.size(), rest.size(), rest) == 0;
    return expected.text == came ||
           (is_open && came.compare(0, size - rest.size(), expected.text, 0, size - rest.size()) == 0);
  }
  if (came.empty() || came[0] != '{' || !is_object(came, why)) {
    return false;
  }
  ObjectText wanted = object_text(expected.text);
  ObjectText found = object_text(came);
  if (!wanted.is_partial) {
    return wanted.members == found.members;
  }
  return std::all_of(wanted.members.begin(), wanted.members.end(), [&](auto& member) {
    auto there = found.members.find(member.first);
    return there != found.members.end() && there->second == member.second;
  });
}

std::vector<std::string> differences(const TestRow& expected, const std::string& came) {
  std::vector<std::string> said;
  std::string why;
  if (!expected.is_object || came.empty() || came[0] != '{' || !is_object(came, why)) {
    return said;
  }
  ObjectText wanted = object_text(expected.text);
  ObjectText found = object_text(came);
  for (auto& [key, value] : wanted.members) {
    auto there = found.members.find(key);
    if (there == found.members.end()) {
      said.push_back(key + ": " + value + " expected, it is not there");
    } else if (there->second != value) {
      said.push_back(key + ": " + value + " expected, " + there->second + " came");
    }
  }
  for (auto& [key, value] : found.members) {
    if (!wanted.is_partial && wanted.members.count(key) == 0) {
      said.push_back(key + ": not expected, " + value + " came");
    }
  }
  return said;
}

std::string member_text(const std::string& object, const std::string& key) {
  std::string why;
  if (object.empty() || object[0] != '{' || !is_object(object, why)) {
    return {};
  }
  ObjectText found = object_text(object);
  auto member = found.members.find("\"" + key + "\"");
  return member == found.members.end() ? std::string() : member->second;
}

std::string row_text(const std::string& came) {
  std::string why;
  return !came.empty() && came[0] == '{' && is_object(came, why) ? came : "| " + came;
}

}  // namespace stook
