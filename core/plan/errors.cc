// SPDX-License-Identifier: Apache-2.0
/// How the mistakes of a configuration are shown to people and to programs.
#include <algorithm>
#include <map>

#include "core/base/text.hh"
#include "core/plan/describe_table.hh"
#include "core/plan/ini.hh"
#include "core/plan/plan.hh"

namespace stook {

namespace {
constexpr size_t widest = 160;

// By file in the order of their first mistake, then by line.
std::vector<ConfigError> in_order(std::vector<ConfigError> errors) {
  std::map<std::string, size_t> files;
  for (const ConfigError& error : errors) {
    files.emplace(error.place.file, files.size());
  }
  std::stable_sort(errors.begin(), errors.end(), [&](const ConfigError& a, const ConfigError& b) {
    size_t file_a = files[a.place.file];
    size_t file_b = files[b.place.file];
    return file_a != file_b ? file_a < file_b : a.place.line < b.place.line;
  });
  return errors;
}

bool is_letter_start(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

// The line and a caret under what is meant; letters of several bytes count once, control characters stand as `?`.
void show_line(const Place& place, std::string& out) {
  std::string text = mask_secrets(place.text);
  size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  size_t column = place.column > 0 ? static_cast<size_t>(place.column) - 1 : 0;
  size_t end = std::min(column + static_cast<size_t>(std::max(place.length, 1)), text.size());
  if (column > begin + widest / 2) {
    begin = column - widest / 4;
  }
  std::string line;
  std::string caret;
  for (size_t i = begin; i < std::min(text.size(), begin + widest); i++) {
    char c = text[i];
    line += c == '\t' ? ' ' : static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    if (i < end && is_letter_start(c)) {
      caret += i < column ? ' ' : i == column ? '^' : '~';
    }
  }
  if (caret.find('^') == std::string::npos) {
    caret += '^';
  }
  while (!line.empty() && line.back() == ' ') {
    line.pop_back();
  }
  out += "    " + line + "\n    " + caret + "\n";
}
}  // namespace

ConfigErrors::ConfigErrors(std::vector<ConfigError> all_)
    : std::runtime_error(all_.empty() ? "no errors" : all_.front().what()), all(in_order(std::move(all_))) {}

std::string show_errors(const ConfigErrors& errors) {
  std::string out;
  for (const ConfigError& error : errors.all) {
    out += show_place(error.place) + ": " + error.what();
    out += (error.hint.empty() ? "" : "; " + error.hint) + "\n";
    if (error.place.line > 0 && !trim(error.place.text).empty()) {
      show_line(error.place, out);
    }
  }
  return out;
}

std::string show_errors_json(const ConfigErrors& errors) {
  std::string out = "[";
  for (const ConfigError& error : errors.all) {
    out += out.size() > 1 ? ",\n {" : "\n {";
    out += "\"file\": " + json_text(error.place.file.empty() ? "command line" : error.place.file);
    out += ", \"line\": " + std::to_string(error.place.line) + ", \"column\": " + std::to_string(error.place.column) +
           ", \"length\": " + std::to_string(error.place.length);
    out += ", \"what\": " + json_text(error.what()) + ", \"hint\": " + json_text(error.hint) + "}";
  }
  return out + (out.size() > 1 ? "\n]\n" : "]\n");
}

}  // namespace stook
