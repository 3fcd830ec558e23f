// SPDX-License-Identifier: Apache-2.0
#include "core/lua/isolate/relayed_log.hh"

#include <errno.h>

#include <algorithm>
#include <iterator>

namespace stook {

namespace {
constexpr int reads_most = 16;

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Undoes what Fields and `printable` do to a value.
std::string plain(std::string_view text) {
  std::string found;
  for (size_t i = 0; i < text.size(); i++) {
    bool is_hex =
        text.substr(i, 2) == "\\x" && i + 3 < text.size() && hex_digit(text[i + 2]) >= 0 && hex_digit(text[i + 3]) >= 0;
    if (is_hex) {
      found += static_cast<char>(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3]));
      i += 3;
    } else {
      bool is_escape = text[i] == '\\' && i + 1 < text.size();
      i += is_escape ? 1 : 0;
      found += is_escape && text[i] == 'n' ? '\n' : is_escape && text[i] == 't' ? '\t' : text[i];
    }
  }
  return found;
}

// Takes ` name=value` off the front of the line.
bool take_field(std::string_view& line, std::string_view& name, std::string& value) {
  size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return false;
  }
  name = line.substr(0, equals);
  size_t begin = equals + 1;
  bool is_quoted = begin < line.size() && line[begin] == '"';
  size_t end = begin + (is_quoted ? 1 : 0);
  while (end < line.size() && line[end] != (is_quoted ? '"' : ' ')) {
    end += is_quoted && line[end] == '\\' ? 2 : 1;
  }
  if (is_quoted && end >= line.size()) {
    return false;
  }
  end = std::min(end, line.size());
  value = plain(line.substr(begin + (is_quoted ? 1 : 0), end - begin - (is_quoted ? 1 : 0)));
  line.remove_prefix(std::min(line.size(), end + (is_quoted ? 2 : 1)));
  return name.find(' ') == std::string_view::npos;
}
}  // namespace

bool read_log_line(std::string_view line, Level& level, std::string& event, Fields& fields) {
  static constexpr std::string_view levels[] = {"debug", "info", "notice", "warning", "error", "fatal"};
  std::string_view name;
  std::string value;
  if (!take_field(line, name, value) || name != "time" || !take_field(line, name, value) || name != "level") {
    return false;
  }
  const auto* found = std::find(std::begin(levels), std::end(levels), value);
  if (found == std::end(levels) || !take_field(line, name, event) || name != "event") {
    return false;
  }
  level = static_cast<Level>(found - std::begin(levels));
  while (!line.empty()) {
    if (!take_field(line, name, value)) {
      return false;
    }
    fields(name, value);
  }
  return true;
}

void RelayedLog::open(Fd fd, int64_t pid) {
  fd_ = std::move(fd);
  pid_ = pid;
  line_.clear();
}

void RelayedLog::say() {
  auto pass = limit_.pass();
  Level level{};
  std::string event;
  Fields fields;
  if (!pass) {
    line_.clear();
    return;
  }
  if (!read_log_line(line_, level, event, fields)) {
    level = Level::Notice;
    event = "program_stderr";
    fields = Fields()("instance", id_)("pid", pid_)("text", line_)("suppressed", pass.suppressed);
  }
  log_event(level, event, fields);
  line_.clear();
}

void RelayedLog::add(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t newline = bytes.find('\n');
    line_.append(bytes.substr(0, std::min(newline, longest_line - line_.size())));
    if (newline == std::string_view::npos) {
      return;
    }
    bytes.remove_prefix(newline + 1);
    say();
  }
}

void RelayedLog::read() {
  char piece[4096];
  for (int i = 0; fd_ && i < reads_most; i++) {
    ssize_t got = ::read(fd_.get(), piece, sizeof piece);
    if (got > 0) {
      add({piece, static_cast<size_t>(got)});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      fd_.reset();
    } else {
      return;
    }
  }
}

void RelayedLog::close() {
  read();
  if (!line_.empty()) {
    say();
  }
  fd_.reset();
}

}  // namespace stook
