// SPDX-License-Identifier: Apache-2.0
#include "core/plan/ini.hh"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/fd.hh"
#include "core/base/text.hh"
#include "core/plan/line.hh"

namespace stook {

namespace {
constexpr size_t longest_file = 16 << 20;
constexpr size_t most_files = 1000;

std::string folder_of(const std::string& file) {
  size_t slash = file.rfind('/');
  return slash == std::string::npos ? std::string() : file.substr(0, slash + 1);
}

// All bytes of a file, or one sentence on why not.
bool slurp(const std::string& file, std::string& text, std::string& why) {
  Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  char buffer[16384];
  while (fd) {
    ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      break;
    }
    if (got == 0) {
      return true;
    }
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > longest_file) {
      why = "longer than " + show_size(longest_file);
      return false;
    }
  }
  why = std::strerror(errno);
  return false;
}

bool is_id(std::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// A section of the scripted agent's, [File:NAME].
bool is_agent_id(std::string_view id) {
  size_t colon = id.find(':');
  std::string_view kind = id.substr(0, colon);
  bool is_known = equal_in_any_case(kind, "file") || equal_in_any_case(kind, "exec") || equal_in_any_case(kind, "stat");
  return colon != std::string_view::npos && is_known && is_id(id.substr(colon + 1));
}

// Reads one file after the other into an Ini.
class Reader {
 public:
  Reader(Ini& ini, std::vector<ConfigError>& errors, bool may_include)
      : ini_(ini), errors_(errors), may_include_(may_include) {
    ini_.sections.push_back({"global", {}, {}});
  }

  void read_file(const std::string& file, const Place& from) {
    std::string text;
    std::string why;
    char* real = ::realpath(file.c_str(), nullptr);
    std::string path = real == nullptr ? file : real;
    std::free(real);
    std::string what = from.line == 0 ? "" : "[global] include: ";
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
      errors_.emplace_back(from, what + "'" + file + "' includes itself", show_chain(path));
      return;
    }
    if (++files_ > most_files) {
      errors_.emplace_back(from, what + "more than 1000 files", "");
      return;
    }
    if (!slurp(file, text, why)) {
      errors_.emplace_back(from, what + "cannot read " + (from.line == 0 ? "it" : "'" + file + "'") + ": " + why);
      return;
    }
    open_.push_back(path);
    read_text(text, file);
    open_.pop_back();
  }

  void read_text(std::string_view text, const std::string& file) {
    size_t section = 0;
    LineCutter lines(text, file);
    Line line;
    while (lines.next(line)) {
      read_line(line, section, file);
    }
  }

 private:
  std::string show_chain(const std::string& path) const {
    std::string chain = "it is read by way of ";
    for (size_t i = 0; i < open_.size(); i++) {
      chain += (i == 0 ? "" : " -> ") + open_[i];
    }
    return chain + " -> " + path;
  }

  void read_line(const Line& line, size_t& section, const std::string& file) {
    const std::string& text = line.text;
    size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string::npos || text[begin] == '#' || text[begin] == ';') {
      return;
    }
    if (text[begin] == '[') {
      open_section(line, begin, section);
      return;
    }
    size_t equals = text.find('=', begin);
    Pair pair;
    if (equals == std::string::npos) {
      size_t end = trim(std::string_view(text).substr(0, value_end(text, begin))).size();
      Place place = line.place(begin, std::max(end, begin + 1) - begin);
      errors_.emplace_back(place, label(section) + "no '='", "an option is written name = value");
      return;
    }
    pair.name = trim(std::string_view(text).substr(begin, equals - begin));
    pair.place = line.place(begin, std::max<size_t>(pair.name.size(), 1));
    if (pair.name.empty()) {
      errors_.emplace_back(pair.place, label(section) + "no name before '='", "an option is written name = value");
      return;
    }
    if (!read_value(line, equals + 1, pair)) {
      errors_.emplace_back(pair.value_place, label(section) + printable(pair.name, 64) + ": unterminated quote",
                           "a value that begins with a quote ends with the same one");
      return;
    }
    if (pair.name == "include" && section == 0) {
      include(pair, file);
      return;
    }
    ini_.sections[section].pairs.push_back(std::move(pair));
  }

  std::string label(size_t section) const { return "[" + ini_.sections[section].id + "] "; }

  void open_section(const Line& line, size_t begin, size_t& section) {
    const std::string& text = line.text;
    size_t close = text.find(']', begin);
    std::string_view rest = close == std::string::npos ? "" : trim(std::string_view(text).substr(close + 1));
    std::string id(close == std::string::npos ? "" : trim(std::string_view(text).substr(begin + 1, close - begin - 1)));
    Place place = line.place(begin, (close == std::string::npos ? trim(text).size() : close + 1 - begin));
    if ((!is_id(id) && !is_agent_id(id)) || (!rest.empty() && rest[0] != '#' && rest[0] != ';')) {
      errors_.emplace_back(place, "not a section", "a section is written [id], of letters, digits and _ - .");
      id.clear();
    }
    if (id == "global" || id == "stookd") {
      section = 0;
      return;
    }
    const Section* former = id.empty() ? nullptr : ini_.find(id);
    if (former != nullptr) {
      errors_.emplace_back(place, "[" + id + "] stands twice", "it is first at " + show_place(former->place));
      id.clear();
    }
    // The pairs of a section with a mistake go to one without a name, which nobody looks at.
    ini_.sections.push_back({id, place, {}});
    section = ini_.sections.size() - 1;
  }

  // Sets the value and its places; false when its quote has no end.
  static bool read_value(const Line& line, size_t begin, Pair& pair) {
    const std::string& text = line.text;
    begin = std::min(text.find_first_not_of(" \t\r", begin), text.size());
    size_t end = value_end(text, begin);
    std::string_view raw = trim(std::string_view(text).substr(begin, end - begin));
    pair.value = raw;
    pair.value_place = raw.empty() ? pair.place : line.place(begin, raw.size());
    if (!raw.empty() && (raw[0] == '"' || raw[0] == '\'')) {
      if (take_quotes(pair.value, pair.is_verbatim)) {
        return true;
      }
      // `"a" or "b"` goes on behind its first quoted piece: that is no quoted value, and stays as it is.
      if (!has_closing(raw)) {
        return false;
      }
    }
    pair.runs = line.runs(begin, raw.size());
    return true;
  }

  static bool has_closing(std::string_view raw) {
    for (size_t i = 1; i < raw.size(); i++) {
      if (raw[i] == '\\' && raw[0] == '"') {
        i++;
      } else if (raw[i] == raw[0]) {
        return true;
      }
    }
    return false;
  }

  void include(const Pair& pair, const std::string& file) {
    if (!may_include_) {
      errors_.emplace_back(pair.value_place, "[global] include: not possible here");
      return;
    }
    std::string path = pair.value.rfind('/', 0) == 0 ? pair.value : folder_of(file) + pair.value;
    if (path.find_first_of("*?[") == std::string::npos) {
      read_file(path, pair.value_place);
      return;
    }
    glob_t found{};
    int answer = ::glob(path.c_str(), 0, nullptr, &found);
    for (size_t i = 0; answer == 0 && i < found.gl_pathc; i++) {
      read_file(found.gl_pathv[i], pair.value_place);
    }
    ::globfree(&found);
  }

  Ini& ini_;
  std::vector<ConfigError>& errors_;
  bool may_include_;
  std::vector<std::string> open_;  // the real paths of the files being read, outermost first
  size_t files_ = 0;
};
}  // namespace

const Section* Ini::find(std::string_view id) const {
  for (const Section& section : sections) {
    if (section.id == id) {
      return &section;
    }
  }
  return nullptr;
}

Ini read_ini(const std::string& file, std::vector<ConfigError>& errors) {
  Ini ini;
  Reader(ini, errors, true).read_file(file, Place{file, 0, 0, 0, {}});
  return ini;
}

Ini read_ini(const std::string& file, std::string_view text, std::vector<ConfigError>& errors) {
  Ini ini;
  Reader(ini, errors, true).read_text(text, file);
  return ini;
}

Ini read_ini_text(std::string_view text, const std::string& file, std::vector<ConfigError>& errors) {
  Ini ini;
  Reader(ini, errors, false).read_text(text, file);
  return ini;
}

}  // namespace stook
