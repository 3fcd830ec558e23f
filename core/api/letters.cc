// SPDX-License-Identifier: Apache-2.0
// The letters of a sink lie in a folder of its own, `LETTERS/SINK`, mode 0700, in files `00000001.jsonl` and so on, mode
// 0600, the oldest first. A file takes letters until it has a sixteenth of the folder's limit, at the most 16 MiB; then the
// next one is begun. A daemon always begins a new file, and holds a lock (flock) on it while it may still grow.
//
// A file is JSON lines (RFC 8259, UTF-8), one letter a line, its members in this order:
//
//   time      text      when the row was refused, ISO 8601 in UTC
//   sink      text      the id of the sink that refused it
//   reason    text      one sentence
//   attempts  integer   how often the sink was asked to take the row
//   format    text      the codec that wrote its bytes
//   address   text      where the bytes were to go; left out for a sink with one target
//   rows      integer   left out when it is 1; else the codec does not tell rows apart, and this is how many there are
//   text      text      the row's bytes, when they are valid UTF-8; else
//   base64    text      the same in RFC 4648 base64
//
// Readers pass over members that they do not know. A letter is kept once its line is forced to the disk. A write that fails
// is taken back to the last whole line, so that a torn line can only be the last of a file, after a crash; readers pass over
// it. Beside a file there may be another, `00000001.done`: the letters that were delivered meanwhile (letter_replay.hh).
#include "core/api/letters.hh"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/api/json.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/data/json_text.hh"
#include "core/data/time_text.hh"
#include "core/data/utf8.hh"

namespace stook {

namespace {
bool is_utf8(std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    Utf8Step step = read_utf8(at, end);
    if (!step.is_valid) {
      return false;
    }
    at += step.size;
  }
  return true;
}

int base64_digit(char letter) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t at = digits.find(letter);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool read_base64(std::string_view text, std::string& bytes) {
  if (text.size() % 4 != 0) {
    return false;
  }
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  text.remove_suffix(padding);
  uint32_t bits = 0;
  int held = 0;
  for (char letter : text) {
    int digit = base64_digit(letter);
    if (digit < 0) {
      return false;
    }
    bits = bits << 6 | static_cast<uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>(bits >> held & 0xff);
    }
  }
  return true;
}

void put_member(Payload& out, std::string_view name, std::string_view text) {
  out.append(",\"");
  out.append(name);
  out.append("\":");
  append_json(out, Cell::of_text(text), {});
}

void put_member(Payload& out, std::string_view name, uint64_t value) {
  out.append(",\"");
  out.append(name);
  out.append("\":");
  out.append(std::to_string(value));
}
}  // namespace

std::string show_letter(const Letter& letter) {
  Payload out;
  out.append("{\"time\":");
  append_json(out, Cell::of_time(letter.time), {});
  put_member(out, "sink", letter.sink);
  put_member(out, "reason", letter.reason);
  put_member(out, "attempts", letter.attempts);
  put_member(out, "format", letter.format);
  if (!letter.address.empty()) {
    put_member(out, "address", letter.address);
  }
  if (letter.rows != 1) {
    put_member(out, "rows", letter.rows);
  }
  if (is_utf8(letter.bytes)) {
    put_member(out, "text", letter.bytes);
  } else {
    out.append(",\"base64\":\"");
    char* to = out.room(4 * (letter.bytes.size() / 3 + 1));
    out.commit(put_json_base64(to, letter.bytes));
    out.append('"');
  }
  out.append("}\n");
  return std::string(out.bytes());
}

namespace {
// Reads a member into the letter; false when its value is of the wrong kind.
bool read_member(const JsonMember& member, Letter& letter) {
  struct TextMember {
    std::string_view name;
    std::string Letter::*value;
  };
  struct CountMember {
    std::string_view name;
    uint64_t Letter::*value;
  };
  constexpr TextMember texts[] = {{"sink", &Letter::sink},
                                  {"reason", &Letter::reason},
                                  {"format", &Letter::format},
                                  {"address", &Letter::address},
                                  {"text", &Letter::bytes}};
  constexpr CountMember counts[] = {{"attempts", &Letter::attempts}, {"rows", &Letter::rows}};
  bool is_text = member.value.type == Type::Text;
  for (const TextMember& text : texts) {
    if (member.key == text.name && is_text) {
      letter.*text.value = member.value.bytes();
      return true;
    }
  }
  for (const CountMember& count : counts) {
    if (member.key == count.name && member.value.type == Type::Integer && member.value.integer >= 0) {
      letter.*count.value = member.value.bits;
      return true;
    }
  }
  if (member.key == "time" && is_text) {
    TimeText time = TimeReader("iso8601").read_all(member.value.bytes());
    letter.time = time.ns;
    return static_cast<bool>(time);
  }
  if (member.key == "base64" && is_text) {
    return read_base64(member.value.bytes(), letter.bytes);
  }
  return false;
}

bool is_known(std::string_view name) {
  constexpr std::string_view known[] = {"time",    "sink", "reason", "attempts", "format",
                                        "address", "rows", "text",   "base64"};
  return std::find(std::begin(known), std::end(known), name) != std::end(known);
}
}  // namespace

bool read_letter(std::string_view line, Letter& letter, std::string& why) {
  letter = {};
  Arena arena;
  JsonReader reader;
  if (!reader.read_members(line, arena)) {
    why = reader.reason();
    return false;
  }
  bool has_bytes = false;
  for (const JsonMember& member : reader.members()) {
    if (is_known(member.key) && !read_member(member, letter)) {
      why = "its member '" + printable(member.key, 32) + "' is not what it should be";
      return false;
    }
    has_bytes = has_bytes || member.key == "text" || member.key == "base64";
  }
  if (!has_bytes || letter.sink.empty() || letter.format.empty()) {
    why = "it is no letter: sink, format, and text or base64 are missing";
    return false;
  }
  return true;
}

std::vector<LetterFile> letter_files(const std::string& folder) {
  std::vector<LetterFile> files;
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) {
    if (errno == ENOENT) {
      return files;
    }
    throw SetupError("open folder " + folder + ": " + std::strerror(errno), errno);
  }
  while (dirent* entry = ::readdir(open)) {
    std::string_view name = entry->d_name;
    uint64_t number = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    struct stat about {};
    std::string path = folder + "/" + entry->d_name;
    if (error == std::errc() && std::string_view(end) == ".jsonl" && ::lstat(path.c_str(), &about) == 0 &&
        S_ISREG(about.st_mode)) {
      files.push_back({path, number, static_cast<uint64_t>(about.st_size)});
    }
  }
  ::closedir(open);
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return files;
}

}  // namespace stook
