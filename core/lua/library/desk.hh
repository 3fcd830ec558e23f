// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What the functions of the table `stook` share: arguments, errors, room to work in, objects of C++ in Lua.
///
/// A function of the library is left by longjmp wherever it RAISES, so what it works with lives here or in an object that
/// Lua holds, never on its stack. What may throw is done by Desk::attempt, in which nothing RAISES.
#pragma once

#include <exception>
#include <functional>
#include <lua.hpp>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/json.hh"
#include "core/base/arena.hh"
#include "core/data/payload.hh"
#include "core/data/time_text.hh"

namespace stook {

/// The parts of the library, each opened when a script first asks for it. Each pushes its table. All RAISE.
void open_base64(lua_State* raw);
void open_counter(lua_State* raw);
void open_gauge(lua_State* raw);
void open_grok(lua_State* raw);
void open_hash(lua_State* raw);
void open_histogram(lua_State* raw);
void open_hostname(lua_State* raw);
void open_ip(lua_State* raw);
void open_json(lua_State* raw);
void open_keep(lua_State* raw);
void open_lookup(lua_State* raw);
void open_msgpack(lua_State* raw);
void open_regex(lua_State* raw);
void open_shared(lua_State* raw);
void open_time(lua_State* raw);
void open_url(lua_State* raw);
void open_user_agent(lua_State* raw);

/// `line: FUNCTION: what is wrong; what would be right`. RAISES always. `what` as luaL_error has it.
int refuse(lua_State* raw, const char* function, const char* what, ...);
/// The text, or the number as text, at `index`. RAISES for all else.
std::string_view text_argument(lua_State* raw, int index, const char* function);
/// The integer at `index`; `otherwise` when there is none. RAISES for all else.
lua_Integer integer_argument(lua_State* raw, int index, const char* function);
lua_Integer integer_argument(lua_State* raw, int index, const char* function, lua_Integer otherwise);
void push_text(lua_State* raw, std::string_view text);
/// Pushes nil and a reason; gives 2.
int no_answer(lua_State* raw, std::string_view reason);
/// Pushes a table with these functions.
void push_functions(lua_State* raw, const luaL_Reg* functions);

/// Room to work in; one for each state. *Invariants:* nothing in it is needed after the function that used it.
struct Desk {
  /// A format of times that was asked for.
  struct TimeFormat {
    std::string format;
    std::string zone;
    TimeReader reader;
  };

  /// The state's desk. RAISES when memory is short.
  static Desk& of(lua_State* raw);

  /// Runs what may throw and does not RAISE. False: it threw, or said false; then `reason` may say why.
  template <class Deed>
  [[nodiscard]] bool attempt(Deed&& deed) {
    try {
      return deed();
    } catch (const std::bad_alloc&) {
      reason = "not enough memory";
    } catch (const std::exception& error) {
      reason = error.what();
    }
    return false;
  }
  /// Forgets what the last function worked with.
  void clear();

  JsonReader json;
  Arena arena;
  Payload out;
  std::string text;
  std::string reason;
  std::vector<TimeFormat> formats;
  size_t next_format = 0;
};

/// A type of C++ objects that Lua holds as userdata. One constant for each type; its address is its identity.
struct ObjectKind {
  const char* name;
  const luaL_Reg* methods;
  /// Destroys the object; it is the only finalizer there is, and no script's.
  lua_CFunction destroy;
};
/// Gives the userdata on top the type. RAISES. Afterwards Lua destroys it.
void set_kind(lua_State* raw, const ObjectKind& kind);
/// The userdata at `index`. RAISES when it is of another type.
void* object_argument(lua_State* raw, int index, const ObjectKind& kind, const char* function);

/// Counts memory that an object holds outside Lua's heap against the state's limit. RAISES beyond it.
void charge(lua_State* raw, size_t size);
void refund(lua_State* raw, size_t size);

/// Pushes a new, empty object. RAISES. REQUIRES: T() neither throws nor holds anything.
template <class T>
T& make_object(lua_State* raw, const ObjectKind& kind) {
  T* object = new (lua_newuserdatauv(raw, sizeof(T), 1)) T();
  set_kind(raw, kind);
  return *object;
}
template <class T>
int destroy_object(lua_State* raw) {
  static_cast<T*>(lua_touserdata(raw, 1))->~T();
  return 0;
}

}  // namespace stook
