// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.time`: times are integers, ns since 1970 UTC. All functions RAISE.
#include <ctime>

#include "core/base/clock.hh"
#include "core/data/pattern.hh"
#include "core/lua/library/desk.hh"

namespace stook {

namespace {
constexpr size_t most_formats = 32;
constexpr size_t longest_format = 128;
constexpr size_t longest_result = 512;
constexpr int64_t second = 1'000'000'000;
constexpr std::string_view conversions = "YymbBhdejHIMSpfzZsaAtn%TDFR";

// The reader of a format, made once; the oldest of many makes room.
TimeReader& reader_of(Desk& desk, std::string_view format, std::string_view zone) {
  for (Desk::TimeFormat& known : desk.formats) {
    if (known.format == format && known.zone == zone) {
      return known.reader;
    }
  }
  Desk::TimeFormat made{std::string(format), std::string(zone), TimeReader(format, Zone(zone))};
  if (desk.formats.size() < most_formats) {
    desk.formats.push_back(std::move(made));
    return desk.formats.back().reader;
  }
  desk.next_format = (desk.next_format + 1) % most_formats;
  desk.formats[desk.next_format] = std::move(made);
  return desk.formats[desk.next_format].reader;
}

std::string_view format_argument(lua_State* raw, int index, const char* function, std::string_view otherwise) {
  std::string_view format = lua_isnoneornil(raw, index) ? otherwise : text_argument(raw, index, function);
  if (format.size() > longest_format) {
    refuse(raw, function, "argument %d has more than 128 bytes; a format is shorter", index);
  }
  return format;
}

// stook.time.parse(text [, format [, zone [, now]]])
int parse(lua_State* raw) {
  const char* function = "stook.time.parse";
  std::string_view text = text_argument(raw, 1, function);
  std::string_view format = format_argument(raw, 2, function, "iso8601");
  std::string_view zone = format_argument(raw, 3, function, "UTC");
  int64_t now = lua_isnoneornil(raw, 4) ? wall_ns() : integer_argument(raw, 4, function);
  Desk& desk = Desk::of(raw);
  TimeReader* reader = nullptr;
  if (!desk.attempt([&] {
        reader = &reader_of(desk, format, zone);
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  TimeText time = reader->read_all(text, now);
  if (!time) {
    lua_pushnil(raw);
    return 1;
  }
  lua_pushinteger(raw, time.ns);
  return 1;
}

// A format with %f and %s put in, and without what would make strftime write more than a letter's worth.
bool expand(Desk& desk, std::string_view format, int64_t seconds, int64_t fraction) {
  for (size_t i = 0; i < format.size(); i++) {
    if (format[i] != '%') {
      desk.text += format[i];
      continue;
    }
    char letter = i + 1 < format.size() ? format[++i] : '\0';
    if (letter == '\0' || conversions.find(letter) == std::string_view::npos) {
      desk.reason = "\"%" + std::string(letter == '\0' ? 0 : 1, letter) +
                    "\" is no part of a time format; it takes % and one of " + std::string(conversions);
      return false;
    }
    if (letter == 'f') {
      std::string digits = std::to_string(second + fraction);
      desk.text.append(digits, 1, 9);
    } else if (letter == 's') {  // strftime's own takes the system's zone for the time's
      desk.text += std::to_string(seconds);
    } else {
      desk.text += '%';
      desk.text += letter;
    }
  }
  return true;
}

// The parts of a time on the clock of a zone.
std::tm parts_of(int64_t seconds, std::string_view zone) {
  std::tm parts{};
  time_t at = seconds;
  if (zone == "local") {
    localtime_r(&at, &parts);
    return parts;
  }
  int64_t offset = -Zone(zone).to_utc(0);
  at += offset;
  gmtime_r(&at, &parts);
  parts.tm_gmtoff = offset;
  parts.tm_zone = zone == "UTC" ? "UTC" : "";
  return parts;
}

bool write_time(Desk& desk, int64_t ns, std::string_view format, std::string_view zone) {
  int64_t seconds = ns / second - (ns % second < 0 ? 1 : 0);
  int64_t fraction = (ns % second + second) % second;
  std::tm parts = parts_of(seconds, zone);
  if (!expand(desk, format, seconds, fraction)) {
    return false;
  }
  char* to = desk.out.room(longest_result);
  size_t size = std::strftime(to, longest_result, desk.text.c_str(), &parts);
  desk.out.commit(to + size);
  desk.reason = "the result would be longer than 512 bytes";
  return size > 0 || desk.text.empty();
}

// stook.time.format(ns [, format [, zone]])
int format(lua_State* raw) {
  const char* function = "stook.time.format";
  int64_t ns = integer_argument(raw, 1, function);
  std::string_view form = format_argument(raw, 2, function, {});
  std::string_view zone = format_argument(raw, 3, function, "UTC");
  if (lua_isnoneornil(raw, 2)) {
    char text[36];
    push_text(raw, {text, static_cast<size_t>(put_time(text, ns) - text)});
    return 1;
  }
  Desk& desk = Desk::of(raw);
  if (!desk.attempt([&] { return write_time(desk, ns, form, zone); })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  push_text(raw, desk.out.bytes());
  return 1;
}

int now(lua_State* raw) {
  lua_pushinteger(raw, wall_ns());
  return 1;
}

const luaL_Reg functions[] = {{"parse", parse}, {"format", format}, {"now", now}, {nullptr, nullptr}};
}  // namespace

void open_time(lua_State* raw) {
  push_functions(raw, functions);
}

}  // namespace stook
