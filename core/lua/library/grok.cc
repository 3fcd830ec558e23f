// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.grok`: lines taken to pieces by patterns with names, as `%{IP:client} %{NUMBER:bytes:int}`.
/// All functions RAISE, but for those of Expansion and `destroy`.
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "core/base/text.hh"
#include "core/data/typed_text.hh"
#include "core/lua/library/grok_patterns.hh"
#include "core/lua/library/regex.hh"

namespace stook {

namespace {
enum class FieldType : uint8_t { Text, Integer, Real };

struct Field {
  std::string name;
  FieldType type;
  int number;
};

/// A compiled grok pattern.
struct Grok {
  LuaRegex regex;
  std::vector<Field> fields;
};

/// Turns a pattern with names into a regular expression and the list of its fields.
class Expansion {
 public:
  static constexpr size_t longest = LuaRegex::longest_pattern;
  static constexpr int deepest = 16;

  /// `own`: pairs of name and pattern that come before the known ones.
  explicit Expansion(const std::vector<std::pair<std::string, std::string>>& own) : own_(own) {}
  /// Throws std::invalid_argument.
  void add(std::string_view pattern, int depth = 0);

  std::string expression;
  std::vector<Field> fields;

 private:
  void add_named(std::string_view inside, int depth);
  std::string_view known(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& own_;
};

std::string_view Expansion::known(std::string_view name) const {
  for (const auto& [own, pattern] : own_) {
    if (own == name) {
      return pattern;
    }
  }
  for (const GrokPattern& pattern : grok_patterns) {
    if (pattern.name == name) {
      return pattern.text;
    }
  }
  std::vector<std::string_view> names;
  for (const GrokPattern& pattern : grok_patterns) {
    names.push_back(pattern.name);
  }
  std::string_view near = nearest_name(name, names);
  throw std::invalid_argument(
      "there is no pattern '" + std::string(name) + "'" +
      (near.empty() ? "; a second argument may define it" : "; did you mean '" + std::string(near) + "'?"));
}

// NAME, NAME:field or NAME:field:type.
void Expansion::add_named(std::string_view inside, int depth) {
  size_t colon = inside.find(':');
  std::string_view pattern = known(inside.substr(0, colon));
  if (colon == std::string_view::npos) {
    expression += "(?:";
    add(pattern, depth + 1);
    expression += ')';
    return;
  }
  std::string_view field = inside.substr(colon + 1);
  colon = field.find(':');
  std::string_view type = colon == std::string_view::npos ? std::string_view() : field.substr(colon + 1);
  if (!type.empty() && type != "int" && type != "float" && type != "string") {
    throw std::invalid_argument("'" + std::string(type) + "' is no type of a field; it takes int, float, string");
  }
  FieldType kind = type == "int" ? FieldType::Integer : type == "float" ? FieldType::Real : FieldType::Text;
  fields.push_back({std::string(field.substr(0, colon)), kind, 0});
  expression += "(?<stook_" + std::to_string(fields.size()) + ">";
  add(pattern, depth + 1);
  expression += ')';
}

void Expansion::add(std::string_view pattern, int depth) {
  if (depth > deepest) {
    throw std::invalid_argument("patterns name each other more than 16 deep; one of them would name itself");
  }
  while (!pattern.empty()) {
    size_t at = pattern.find("%{");
    expression += pattern.substr(0, at);
    if (expression.size() > longest) {
      throw std::invalid_argument("the expression would be longer than 16 KiB");
    }
    if (at == std::string_view::npos) {
      return;
    }
    size_t end = pattern.find('}', at);
    if (end == std::string_view::npos) {
      throw std::invalid_argument("'%{' has no '}' behind it");
    }
    add_named(pattern.substr(at + 2, end - at - 2), depth);
    pattern = pattern.substr(end + 1);
  }
}

// Finds out which group is which field. Named groups of the pattern itself are fields, too.
void number_fields(Grok& grok) {
  for (const Regex::Group& group : grok.regex.quick_form->groups()) {
    if (group.name.rfind("stook_", 0) == 0) {
      size_t place = static_cast<size_t>(std::atoi(group.name.c_str() + 6));
      if (place >= 1 && place <= grok.fields.size()) {
        grok.fields[place - 1].number = group.number;
        continue;
      }
    }
    grok.fields.push_back({group.name, FieldType::Text, group.number});
  }
}

int destroy(lua_State* raw) {
  Grok& grok = *static_cast<Grok*>(lua_touserdata(raw, 1));
  refund(raw, grok.regex.charged);
  grok.~Grok();
  return 0;
}

int match(lua_State* raw);
const luaL_Reg methods[] = {{"match", match}, {nullptr, nullptr}};
const ObjectKind grok_kind = {"grok pattern", methods, destroy};

// A number that is none stays the text it is.
void push_field(lua_State* raw, const Field& field, std::string_view bytes) {
  Cell cell;
  if (field.type == FieldType::Integer && read_integer(bytes, cell) && cell.type == Type::Integer) {
    lua_pushinteger(raw, cell.integer);
  } else if (field.type == FieldType::Real && (read_real(bytes, cell))) {
    lua_pushnumber(raw, cell.real);
  } else {
    push_text(raw, bytes);
  }
}

// grok:match(text): a table of the fields, or nil.
int match(lua_State* raw) {
  const char* function = "grok:match";
  Grok& grok = *static_cast<Grok*>(object_argument(raw, 1, grok_kind, function));
  std::string_view text = text_argument(raw, 2, function);
  if (!grok.regex.match(raw, text, 0, function)) {
    lua_pushnil(raw);
    return 1;
  }
  lua_createtable(raw, 0, static_cast<int>(grok.fields.size()));
  for (const Field& field : grok.fields) {
    std::string_view bytes;
    if (grok.regex.group(text, field.number, bytes)) {
      push_text(raw, field.name);
      push_field(raw, field, bytes);
      lua_rawset(raw, -3);
    }
  }
  return 1;
}

// Checks that the table at 2 has texts only. RAISES.
void check_own(lua_State* raw, const char* function) {
  if (!lua_istable(raw, 2)) {
    refuse(raw, function, "argument 2 is a %s; it would be a table of patterns by name", luaL_typename(raw, 2));
  }
  int count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, 2) != 0) {
    if (lua_type(raw, -2) != LUA_TSTRING || lua_type(raw, -1) != LUA_TSTRING || ++count > 1000) {
      refuse(raw, function, "argument 2 has a %s; it would be a table of up to 1000 patterns by name",
             luaL_typename(raw, -1));
    }
    lua_pop(raw, 1);
  }
}

// Reads the table at 2, which was checked: nothing here raises.
std::vector<std::pair<std::string, std::string>> own_patterns(lua_State* raw) {
  std::vector<std::pair<std::string, std::string>> own;
  lua_pushnil(raw);
  while (lua_next(raw, 2) != 0) {
    own.emplace_back(lua_tostring(raw, -2), lua_tostring(raw, -1));
    lua_pop(raw, 1);
  }
  return own;
}

// stook.grok(pattern [, { NAME = pattern }])
int make(lua_State* raw) {
  const char* function = "stook.grok";
  std::string_view pattern = text_argument(raw, 1, function);
  bool has_own = !lua_isnoneornil(raw, 2);
  if (has_own) {
    check_own(raw, function);
  }
  Grok& grok = make_object<Grok>(raw, grok_kind);
  Desk& desk = Desk::of(raw);
  luaL_checkstack(raw, 8, "too many arguments");
  if (!desk.attempt([&] {
        std::vector<std::pair<std::string, std::string>> own;
        if (has_own) {
          own = own_patterns(raw);
        }
        Expansion expansion(own);
        expansion.add(pattern);
        grok.fields = std::move(expansion.fields);
        grok.regex.compile(expansion.expression);
        number_fields(grok);
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  charge_regex(raw, grok.regex);
  return 1;
}
}  // namespace

void open_grok(lua_State* raw) {
  lua_pushcfunction(raw, make);
}

}  // namespace stook
