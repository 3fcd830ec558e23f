// SPDX-License-Identifier: Apache-2.0
/// The rules of Python and Ruby.
#include "filters/multiline/look.hh"
#include "filters/multiline/rule.hh"

namespace stook {

namespace {

using look::is_blank;
using look::unindented;

constexpr uint8_t plain = 1;

namespace py {
constexpr uint8_t frames = 2;  // behind "Traceback …:"
constexpr uint8_t error = 3;   // behind the line that names the exception
constexpr uint8_t gap = 4;     // an empty line behind that
constexpr uint8_t link = 5;    // "During handling of …", and the empty line behind it
constexpr uint8_t group = 6;   // an exception group: all of it is indented

/// `KeyError: 'x'`, `a.b.SomeError`, `KeyboardInterrupt`.
bool is_error(std::string_view line) {
  size_t at = 0;
  while (at < line.size() && (look::is_name(line[at]) || line[at] == '.')) {
    at++;
  }
  return at > 0 && !look::is_digit(line[0]) && (at == line.size() || line[at] == ':');
}

bool is_traceback(std::string_view line) {
  return line.ends_with("Traceback (most recent call last):");
}
}  // namespace py

namespace rb {
constexpr uint8_t head = 2;     // an error is named, its frames are to come
constexpr uint8_t gap = 3;      // an empty line behind that
constexpr uint8_t code = 4;     // the line of source that error_highlight shows
constexpr uint8_t trace = 5;    // behind a frame
constexpr uint8_t reverse = 6;  // frames first, the error last

enum class Frame : uint8_t { None, Bare, Message };

/// `a.rb:10:in 'f'`, alone or with a message behind it.
Frame frame_of(std::string_view line) {
  for (size_t at = line.find(":in "); at != std::string_view::npos; at = line.find(":in ", at + 1)) {
    size_t digit = at;
    while (digit > 0 && look::is_digit(line[digit - 1])) {
      digit--;
    }
    if (digit == at || digit < 2 || line[digit - 1] != ':') {
      continue;
    }
    bool is_bare = line.back() == '\'' && line.find("': ", at) == std::string_view::npos;
    return is_bare ? Frame::Bare : Frame::Message;
  }
  return Frame::None;
}

/// Rails: `NoMethodError (undefined method 'x' for nil):`.
bool is_rails(std::string_view line) {
  if (!line.ends_with("):")) {
    return false;
  }
  size_t at = 0;
  while (at < line.size() && (look::is_name(line[at]) || line[at] == ':')) {
    at++;
  }
  return at > 0 && line.substr(at, 2) == " (";
}

/// Whether the line may be one of source. A logger's line begins with a time, or with a letter and a time in brackets.
bool is_code(std::string_view line) {
  return !look::is_digit(line[0]) && line[0] != '[' && line.substr(1, 3) != ", [";
}

bool is_marker(std::string_view text) {
  return text.find_first_not_of("^~ \t") == std::string_view::npos;
}

Judged judge_indented(std::string_view text, uint8_t state) {
  if (text.starts_with("from ")) {
    return {Turn::Follows, trace};
  }
  if (state == code && is_marker(text)) {
    return {Turn::Follows, head};
  }
  if (state == gap && !text.empty()) {
    return {Turn::Follows, code};
  }
  return state >= head ? Judged{Turn::Follows, state} : Judged{Turn::Begins, plain};
}
}  // namespace rb

}  // namespace

Judged judge_python(std::string_view line, uint8_t state) {
  if (line.empty()) {
    if (state == py::error) {
      return {Turn::Follows, py::gap};
    }
    return state == py::link ? Judged{Turn::Follows, py::link} : Judged{Turn::Begins, plain};
  }
  if (is_blank(line[0])) {
    bool is_inside = state == py::frames || state == py::error || state == py::group;
    if (py::is_traceback(line) && unindented(line).starts_with("+ Exception Group")) {
      return {is_inside && state != py::error ? Turn::Follows
              : state == py::link             ? Turn::Follows
                                              : Turn::Begins,
              py::group};
    }
    if (is_inside) {
      return {Turn::Follows, state};
    }
    return {Turn::Begins, py::is_traceback(line) ? py::frames : plain};
  }
  if (py::is_traceback(line)) {
    return {state == py::link ? Turn::Follows : Turn::Begins, py::frames};
  }
  if (state == py::frames && py::is_error(line)) {
    return {Turn::Follows, py::error};
  }
  if ((state == py::error || state == py::gap || state == py::group) &&
      (line.starts_with("During handling of the above exception") ||
       line.starts_with("The above exception was the direct cause"))) {
    return {Turn::Follows, py::link};
  }
  return {Turn::Begins, plain};
}

Judged judge_ruby(std::string_view line, uint8_t state) {
  if (line.empty()) {
    return state == rb::head ? Judged{Turn::Follows, rb::gap} : Judged{Turn::Begins, plain};
  }
  if (is_blank(line[0])) {
    return rb::judge_indented(unindented(line), state);
  }
  rb::Frame frame = rb::frame_of(line);
  if (frame == rb::Frame::Bare) {
    return {Turn::Follows, rb::trace};
  }
  if (frame == rb::Frame::Message) {
    return {state == rb::reverse ? Turn::Follows : Turn::Begins, rb::head};
  }
  if (line == "Traceback (most recent call last):") {
    return {Turn::Begins, rb::reverse};
  }
  if (rb::is_rails(line)) {
    return {Turn::Begins, rb::head};
  }
  if (state == rb::gap && rb::is_code(line)) {
    return {Turn::Follows, rb::code};
  }
  return {Turn::Begins, plain};
}

}  // namespace stook
