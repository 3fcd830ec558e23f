// SPDX-License-Identifier: Apache-2.0
#include "core/api/positions.hh"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/api/beside_positions.hh"
#include "core/base/crc32c.hh"
#include "core/base/fd.hh"
#include "core/base/status.hh"

namespace stook {

namespace {

constexpr std::string_view begin_word = "stook-pos 1 ";
constexpr size_t items = 13;

/// Appends a number and a blank.
void put(std::string& to, uint64_t number, int base = 10) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits - 1, number, base).ptr;
  *end++ = ' ';
  to.append(digits, end);
}

std::string escaped(const std::string& path) {
  std::string text;
  for (char c : path) {
    if (c > ' ' && c < 0x7f && c != '\\') {
      text += c;
    } else {
      constexpr char digits[] = "0123456789abcdef";
      text += {'\\', 'x', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
    }
  }
  return text.empty() ? "\\x00" : text;
}

bool read_number(std::string_view text, uint64_t& number, int base = 10) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

std::string unescaped(std::string_view text) {
  std::string path;
  for (size_t i = 0; i < text.size(); i++) {
    uint64_t byte = 0;
    if (text[i] == '\\' && i + 3 < text.size() && read_number(text.substr(i + 2, 2), byte, 16)) {
      path += static_cast<char>(byte);
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t blank = line.find(' ');
    parts.push_back(line.substr(0, blank));
    if (blank == std::string_view::npos) {
      return parts;
    }
    line.remove_prefix(blank + 1);
  }
}

bool read_position(std::string_view line, Position& position) {
  std::vector<std::string_view> parts = split(line);
  Identity& id = position.identity;
  uint64_t seen = 0;
  bool is_good = parts.size() == items && parts[0] == "file" && read_number(parts[1], id.inode.device) &&
                 read_number(parts[2], id.inode.number) && read_number(parts[3], id.inode.generation) &&
                 read_number(parts[4], position.lives) && read_number(parts[5], id.offset) &&
                 read_number(parts[6], position.line) && read_number(parts[7], id.head.length) &&
                 read_number(parts[8], id.head.hash, 16) && read_number(parts[9], id.marker.length) &&
                 read_number(parts[10], id.marker.hash, 16) && read_number(parts[11], seen) &&
                 id.head.length <= head_length && id.marker.length <= marker_length && position.line <= 2;
  if (is_good) {
    position.seen = static_cast<int64_t>(seen);
    position.path = unescaped(parts[12]);
  }
  return is_good;
}

bool read_file(const std::string& path, std::string& text, int64_t& written) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return false;
  }
  struct stat status {};
  written = fstat(fd.get(), &status) == 0 ? status.st_mtim.tv_sec : 0;
  char piece[16384];
  for (ssize_t got; (got = read(fd.get(), piece, sizeof piece)) > 0;) {
    text.append(piece, static_cast<size_t>(got));
  }
  return true;
}

}  // namespace

std::string show_positions(const std::map<Inode, Position>& positions, uint64_t generation, bool enters_at_end) {
  std::string text(begin_word);
  text += std::to_string(generation) + (enters_at_end ? " end\n" : "\n");
  text.reserve(text.size() + 160 * positions.size());
  for (const auto& [inode, position] : positions) {
    const Identity& id = position.identity;
    text += "file ";
    for (uint64_t number :
         {inode.device, inode.number, inode.generation, position.lives, id.offset, position.line, id.head.length}) {
      put(text, number);
    }
    put(text, id.head.hash, 16);
    put(text, id.marker.length);
    put(text, id.marker.hash, 16);
    put(text, static_cast<uint64_t>(position.seen));
    text += escaped(position.path) + "\n";
  }
  char end[64];
  snprintf(end, sizeof end, "end %zu %08x\n", positions.size(), crc32c(text));
  return text + end;
}

namespace {

bool read_begin(std::string_view line, PositionText& found) {
  if (line.substr(0, begin_word.size()) != begin_word) {
    return false;
  }
  line.remove_prefix(begin_word.size());
  constexpr std::string_view end = " end";
  found.enters_at_end = line.size() > end.size() && line.substr(line.size() - end.size()) == end;
  line.remove_suffix(found.enters_at_end ? end.size() : 0);
  return read_number(line, found.generation);
}

}  // namespace

bool read_positions(std::string_view text, PositionText& found, int& line) {
  size_t at = 0;
  size_t lines = 0;
  bool has_begin = false;
  for (line = 1; at < text.size(); line++) {
    size_t newline = text.find('\n', at);
    if (newline == std::string_view::npos) {
      break;
    }
    std::string_view item = text.substr(at, newline - at);
    uint64_t count = 0;
    uint64_t sum = 0;
    if (!has_begin) {
      has_begin = read_begin(item, found);
      if (!has_begin) {
        return false;
      }
    } else if (item.substr(0, 4) == "end ") {
      std::vector<std::string_view> parts = split(item);
      return parts.size() == 3 && read_number(parts[1], count) && read_number(parts[2], sum, 16) && count == lines &&
             sum == crc32c(text.substr(0, at)) && newline + 1 == text.size();
    } else {
      Position position;
      if (!read_position(item, position)) {
        return false;
      }
      lines++;
      found.by_inode[position.identity.inode] = std::move(position);
    }
    at = newline + 1;
  }
  line = 0;
  return false;
}

void Positions::load() {
  if (file_.empty()) {
    return;
  }
  std::string first_bad;
  bool has_good = false;
  for (const char* ending : {"", ".old", ".new"}) {
    std::string text;
    PositionText found;
    int line = 0;
    int64_t written = 0;
    if (!read_file(file_ + ending, text, written)) {
      if (errno != ENOENT) {
        throw SetupError("cannot read positions from " + file_ + ending + ": " + std::strerror(errno), errno);
      }
      continue;
    }
    if (!read_positions(text, found, line)) {
      // A torn .new beside a missing file is a first start that was cut short.
      if (first_bad.empty() && std::string_view(ending) != ".new") {
        first_bad = file_ + ending + ":" + std::to_string(line);
      }
      continue;
    }
    if (!has_good || found.generation > generation_) {
      generation_ = found.generation;
      by_inode = std::move(found.by_inode);
      enters_at_end = found.enters_at_end;
      written_ = written;
    }
    has_good = true;
  }
  was_there_ = has_good;
  if (!has_good && !first_bad.empty()) {
    throw SetupError(first_bad + ": the position file is damaged; `stook state reset " + file_ +
                         " --from-start` reads all files again, `--from-end` goes on with what is written from now on",
                     0);
  }
}

bool Positions::save(int64_t now_seconds) {
  if (file_.empty()) {
    return true;
  }
  std::erase_if(by_inode, [&](const auto& item) { return item.second.seen < now_seconds - kept_seconds; });
  std::string text = show_positions(by_inode, generation_ + 1, enters_at_end);
  reason_ = keep_positions(file_, generation_ + 1, text);
  generation_ += reason_.empty() ? 1 : 0;
  return reason_.empty();
}

}  // namespace stook
