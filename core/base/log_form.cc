// SPDX-License-Identifier: Apache-2.0
#include "core/base/log_form.hh"

#include <algorithm>

namespace stook {

namespace {

bool is_number(std::string_view value) {
  std::string_view digits = value.substr(!value.empty() && value[0] == '-' ? 1 : 0);
  bool has_digits = !digits.empty() && digits.size() <= 18 &&
                    std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return has_digits && (digits.size() == 1 || digits[0] != '0');
}

// What Fields has written is printable ASCII.
void add_json_text(std::string& line, std::string_view text) {
  line += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      line += '\\';
    }
    line += c;
  }
  line += '"';
}

// A name of journald's: capitals, digits and `_`.
void add_journal_name(std::string& entry, std::string_view name) {
  entry += "STOOK_";
  for (char c : name.substr(0, 50)) {
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    entry += is_letter ? static_cast<char>(c & ~0x20) : c >= '0' && c <= '9' ? c : '_';
  }
  entry += '=';
}

}  // namespace

bool take_field(std::string_view& text, LogField& field) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  size_t sign = text.find('=');
  if (sign == std::string_view::npos) {
    return false;
  }
  field.name = text.substr(0, sign);
  field.value.clear();
  text.remove_prefix(sign + 1);
  field.is_quoted = text.starts_with('"');
  if (!field.is_quoted) {
    size_t end = std::min(text.find(' '), text.size());
    field.value = text.substr(0, end);
    text.remove_prefix(end);
    return true;
  }
  size_t at = 1;
  for (; at < text.size() && text[at] != '"'; at++) {
    bool is_escape = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
    at += is_escape ? 1 : 0;
    field.value += text[at];
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return true;
}

std::string json_log_line(std::string_view time, std::string_view level, std::string_view event,
                          std::string_view fields) {
  std::string line = "{";
  if (!time.empty()) {
    line += "\"time\":\"" + std::string(time) + "\",";
  }
  line += "\"level\":\"" + std::string(level) + "\",\"event\":\"" + std::string(event) + '"';
  for (LogField field; take_field(fields, field);) {
    line += ',';
    add_json_text(line, field.name);
    line += ':';
    if (!field.is_quoted && is_number(field.value)) {
      line += field.value;
    } else {
      add_json_text(line, field.value);
    }
  }
  return line + '}';
}

std::string journal_entry(int priority, std::string_view event, std::string_view message, std::string_view fields) {
  std::string entry = "PRIORITY=" + std::to_string(priority) + "\nSYSLOG_IDENTIFIER=stookd\nMESSAGE=";
  entry += message;
  entry += "\nSTOOK_EVENT=";
  entry += event;
  entry += '\n';
  for (LogField field; take_field(fields, field);) {
    add_journal_name(entry, field.name);
    entry += field.value;
    entry += '\n';
  }
  return entry;
}

}  // namespace stook
