// SPDX-License-Identifier: Apache-2.0
#include "sinks/codecs/syslog_header.hh"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "core/data/json_text.hh"
#include "core/data/object.hh"
#include "core/data/pattern.hh"
#include "core/data/syslog_text.hh"

namespace stook {

namespace {
constexpr int64_t ns_of_second = 1'000'000'000;

bool is_printable(char c) {
  return c > ' ' && c < 0x7f;
}
bool is_of_tag(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '_' || c == '/' ||
         c == '-';
}
bool is_of_old_pid(char c) {
  return is_printable(c) && c != '[' && c != ']';
}
bool is_of_name(char c) {
  return is_printable(c) && c != '=' && c != ']' && c != '"';
}

// At most `most` bytes, those that may not be there as `_`; `-` for none.
void append_field(Payload& out, std::string_view text, size_t most, bool (*may_be)(char)) {
  size_t size = std::min(text.size(), most);
  if (size == 0) {
    out.append('-');
    return;
  }
  char* to = out.room(size);
  for (size_t i = 0; i < size; i++) {
    to[i] = may_be(text[i]) ? text[i] : '_';
  }
  out.commit(to + size);
}

// The value of a parameter, RFC 5424 section 6.3.3: " \ and ] are escaped, and so are control characters.
void append_value(Payload& out, const Cell& cell, Payload& scratch) {
  scratch.reset();
  if (cell.type == Type::Text || cell.type == Type::Bytes) {
    append_escaped(scratch, cell.bytes());
  } else {
    append_text(scratch, cell);
  }
  for (char c : scratch.bytes()) {
    if (c == '"' || c == '\\' || c == ']') {
      out.append('\\');
    }
    out.append(c);
  }
}

// One value of any kind as a cell; nested ones as objects.
bool next_value(ObjectReader& reader, Cell& cell) {
  ObjectReader ahead = reader;
  uint32_t size = 0;
  Item item = ahead.next(cell, size);
  if (item == Item::Value) {
    reader = ahead;
    return true;
  }
  std::string_view bytes = item == Item::Map || item == Item::Array ? reader.skip() : std::string_view();
  cell = Cell::of_slice(Type::Object, bytes);
  return !bytes.empty();
}

// [id name="value" …]; false, and nothing appended, when the value is no map.
bool append_element(Payload& out, std::string_view id, const Cell& value, Payload& scratch) {
  Cell name{};
  uint32_t size = 0;
  ObjectReader reader(value.bytes());
  if (reader.next(name, size) != Item::Map) {
    return false;
  }
  out.append('[');
  append_field(out, id, 32, is_of_name);
  Cell one{};
  for (; size > 0 && next_value(reader, name) && next_value(reader, one); size--) {
    out.append(' ');
    append_field(out, name.type == Type::Text ? name.bytes() : std::string_view(), 32, is_of_name);
    out.append("=\"");
    append_value(out, one, scratch);
    out.append('"');
  }
  out.append(']');
  return true;
}

// How many elements were appended.
size_t append_elements(Payload& out, std::string_view object, Payload& scratch) {
  ObjectReader reader(object);
  Cell id{};
  uint32_t size = 0;
  size_t count = 0;
  if (reader.next(id, size) != Item::Map) {
    return 0;
  }
  Cell value{};
  for (; size > 0 && next_value(reader, id) && next_value(reader, value); size--) {
    bool is_element = id.type == Type::Text && value.type == Type::Object;
    count += is_element && append_element(out, id.bytes(), value, scratch) ? 1 : 0;
  }
  return count;
}
}  // namespace

void SyslogHeader::write_second(int64_t second) {
  second_ = second;
  size_ = 0;
  auto at = static_cast<time_t>(second);
  tm parts{};
  bool is_old = rfc_ == SyslogRfc::Old;
  if ((is_old && is_local_ ? ::localtime_r(&at, &parts) : ::gmtime_r(&at, &parts)) == nullptr ||
      parts.tm_year < -1900 || parts.tm_year > 8099) {
    return;
  }
  if (!is_old) {
    size_ = ::strftime(text_, sizeof text_, "%Y-%m-%dT%H:%M:%S", &parts);
    return;
  }
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int size = std::snprintf(text_, sizeof text_, "%s %2d %02d:%02d:%02d", months[parts.tm_mon], parts.tm_mday,
                           parts.tm_hour, parts.tm_min, parts.tm_sec);
  size_ = static_cast<size_t>(size);
}

void SyslogHeader::put_time(Payload& out, int64_t time) {
  int64_t rest = time % ns_of_second;
  int64_t second = time / ns_of_second;
  if (rest < 0) {
    rest += ns_of_second;
    second--;
  }
  if (second != second_) {
    write_second(second);
  }
  if (size_ == 0) {
    out.append(rfc_ == SyslogRfc::New ? "-" : "Jan  1 00:00:00");
    return;
  }
  out.append({text_, size_});
  if (rfc_ == SyslogRfc::Old) {
    return;
  }
  auto micro = static_cast<int>(rest / 1000);
  if (micro > 0) {
    char fraction[7] = {'.', '0', '0', '0', '0', '0', '0'};
    for (int i = 6; i > 0; i--, micro /= 10) {
      fraction[i] = static_cast<char>('0' + micro % 10);
    }
    size_t size = 7;
    while (fraction[size - 1] == '0') {
      size--;
    }
    out.append({fraction, size});
  }
  out.append('Z');
}

void SyslogHeader::begin(Payload& out, int pri, int64_t time) {
  out.append('<');
  out.commit(put_integer(out.room(20), pri));
  out.append(rfc_ == SyslogRfc::New ? ">1 " : ">");
  put_time(out, time);
  out.append(' ');
}

void SyslogHeader::put_host(Payload& out, std::string_view host) {
  append_field(out, host, 255, is_printable);
  out.append(' ');
}

void SyslogHeader::put_app(Payload& out, std::string_view app) {
  bool is_old = rfc_ == SyslogRfc::Old;
  append_field(out, app, is_old ? 32 : 48, is_old ? is_of_tag : is_printable);
  if (!is_old) {
    out.append(' ');
  }
}

void SyslogHeader::put_pid(Payload& out, std::string_view pid) {
  if (rfc_ == SyslogRfc::New) {
    append_field(out, pid, 128, is_printable);
    out.append(' ');
    return;
  }
  if (!pid.empty()) {
    out.append('[');
    append_field(out, pid, 128, is_of_old_pid);
    out.append(']');
  }
  out.append(':');
}

void SyslogHeader::put_msgid(Payload& out, std::string_view msgid) {
  append_field(out, msgid, 32, is_printable);
}

void append_structured_data(Payload& out, const Cell& cell, Payload& scratch) {
  if (cell.type == Type::Text && cell.size > 0 && structured_data_size(cell.bytes()) == cell.size) {
    append_escaped(out, cell.bytes());
    return;
  }
  std::string store;
  bool is_object = cell.type == Type::Object;
  if (!is_object || append_elements(out, object_bytes(cell, store), scratch) == 0) {
    out.append('-');
  }
}

}  // namespace stook
