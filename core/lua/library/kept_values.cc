// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/kept_values.hh"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "core/api/kept_text.hh"
#include "core/base/clock.hh"
#include "core/base/crc32c.hh"
#include "core/base/log.hh"
#include "core/data/object.hh"
#include "core/lua/library/each_second.hh"
#include "core/lua/library/shared_values.hh"
#include "core/lua/library/tables.hh"

namespace stook {

namespace {
struct Kept {
  SharedValues values;
  uint64_t saved = 0;  // changes up to here are in the file
  bool has_failed = false;
};

struct Keeper {
  // Taken when a script starts and while files are written: never while rows are worked on.
  std::mutex lock;
  std::string folder;
  std::map<std::string, std::shared_ptr<Kept>> all;  // shared with the scripts that have it open
  EachSecond each_second{save_kept_values};
};

Keeper& keeper() {
  static Keeper the;
  return the;
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string_view::npos;
}

// The msgpack in a file's bytes; empty: they are not whole.
std::string_view body_of(const std::string& bytes) {
  size_t line = bytes.find('\n');
  uint64_t size = 0;
  unsigned sum = 0;
  if (line == std::string::npos || std::sscanf(bytes.c_str(), "stook-keep 1 %" SCNu64 " %x", &size, &sum) != 2) {
    return {};
  }
  std::string_view body = std::string_view(bytes).substr(line + 1);
  return body.size() == size && crc32c(body) == sum ? body : std::string_view();
}

SharedValue value_of(const Cell& cell) {
  SharedValue value;
  value.kind = cell.type == Type::Boolean   ? SharedValue::Kind::Boolean
               : cell.type == Type::Integer ? SharedValue::Kind::Integer
               : cell.type == Type::Real    ? SharedValue::Kind::Real
                                            : SharedValue::Kind::Text;
  if (cell.is_slice()) {
    value.text = cell.bytes();
  } else if (cell.type == Type::Real) {
    value.real = cell.real;
  } else {
    value.integer = cell.integer;
  }
  return value;
}

void fill(SharedValues& values, std::string_view body) {
  ObjectReader reader(body);
  Cell key{};
  uint32_t count = 0;
  uint32_t two = 0;
  int64_t wall = wall_ns();
  int64_t now = monotonic_ns();
  if (reader.next(key, count) != Item::Map) {
    return;
  }
  for (uint32_t i = 0; i < count; i++) {
    Cell value{};
    Cell expires{};
    uint32_t none = 0;
    if (reader.next(key, none) != Item::Value || reader.next(value, two) != Item::Array ||
        reader.next(value, none) != Item::Value || reader.next(expires, none) != Item::Value || !key.is_slice()) {
      return;
    }
    if (expires.integer == 0 || expires.integer > wall) {
      values.set(key.bytes(), value_of(value), expires.integer == 0 ? 0 : expires.integer - wall, false, now);
    }
  }
}

// COLD: when a script starts.
void load(SharedValues& values, const std::string& file) {
  bool was_there = false;
  for (const std::string& path : {file, file + ".old"}) {
    if (::access(path.c_str(), F_OK) != 0) {
      continue;
    }
    was_there = true;
    std::string bytes = read_table_file(path);
    std::string_view body = body_of(bytes);
    if (is_object(body)) {
      fill(values, body);
      return;
    }
  }
  if (was_there) {
    throw std::invalid_argument(file + " is damaged; take it away to begin with nothing");
  }
}
}  // namespace

void forget_kept_values() {
  std::lock_guard lock(keeper().lock);
  keeper().all.clear();
  keeper().folder.clear();
}

void keep_values_in(const std::string& folder) {
  std::lock_guard lock(keeper().lock);
  if (keeper().folder != folder) {
    keeper().all.clear();
    keeper().folder = folder;
  }
}

std::shared_ptr<SharedValues> kept_values(std::string_view name) {
  if (!is_file_name(name)) {
    throw std::invalid_argument("'" + std::string(name) +
                                "' is no name; it has letters, digits, _ and -, 64 at the most");
  }
  std::lock_guard lock(keeper().lock);
  auto found = keeper().all.find(std::string(name));
  if (found != keeper().all.end()) {
    return {found->second, &found->second->values};
  }
  if (keeper().all.size() >= SharedValues::most_dictionaries) {
    throw std::invalid_argument("there are 32 dictionaries already, and no more can be made");
  }
  auto kept = std::make_shared<Kept>();
  if (!keeper().folder.empty()) {
    load(kept->values, keeper().folder + "/" + std::string(name) + ".keep");
    kept->saved = kept->values.changes();
    keeper().each_second.start();
  }
  keeper().all.emplace(name, kept);
  return {kept, &kept->values};
}

void save_kept_values() {
  std::lock_guard lock(keeper().lock);
  if (keeper().folder.empty()) {
    return;
  }
  for (auto& [name, kept] : keeper().all) {
    uint64_t changes = kept->values.changes();
    if (changes == kept->saved) {
      continue;
    }
    std::string body = kept->values.packed(monotonic_ns(), wall_ns());
    char head[64];
    std::snprintf(head, sizeof head, "stook-keep 1 %zu %08x\n", body.size(), static_cast<unsigned>(crc32c(body)));
    std::string why = keep_text(keeper().folder + "/" + name + ".keep", head + body);
    if (why.empty()) {
      kept->saved = changes;
    } else if (!kept->has_failed) {
      log_event(Level::Error, "keep_failed", Fields()("name", name)("reason", why));
    }
    kept->has_failed = !why.empty();
  }
}

}  // namespace stook
