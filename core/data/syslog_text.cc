// SPDX-License-Identifier: Apache-2.0
#include "core/data/syslog_text.hh"

#include <algorithm>
#include <cstdint>

#include "core/data/object.hh"
#include "core/data/scan.hh"

namespace stook {

namespace {
constexpr std::string_view bom = "\xEF\xBB\xBF";

/// Cuts words at blanks: the blanks of 64 bytes are found at once. A word is what stands before a blank, which is stepped
/// over, or the rest.
class Words {
 public:
  explicit Words(std::string_view text) : at_(text.data()), end_(at_ + text.size()), looked_(at_) {}
  std::string_view next() {
    const char* first = at_;
    while (blanks_ == 0 && looked_ < end_) {
      look();
    }
    if (blanks_ == 0) {
      at_ = end_;
      return {first, static_cast<size_t>(end_ - first)};
    }
    const char* blank = looked_ - looked_size_ + __builtin_ctzll(blanks_);
    blanks_ &= blanks_ - 1;
    at_ = blank + 1;
    return {first, static_cast<size_t>(blank - first)};
  }
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

 private:
  void look() {
    looked_size_ = std::min<size_t>(64, static_cast<size_t>(end_ - looked_));
    if (looked_size_ == 64) {
      blanks_ = Scan::hits_of_64(looked_, ' ');
    } else {
      for (size_t i = 0; i < looked_size_; i++) {
        blanks_ |= uint64_t{looked_[i] == ' '} << i;
      }
    }
    looked_ += looked_size_;
  }

  const char* at_;
  const char* end_;
  const char* looked_;  // up to here; `blanks_` are those of the last `looked_size_` bytes that no word has taken
  size_t looked_size_ = 0;
  uint64_t blanks_ = 0;
};

/// The text up to the first blank, which is stepped over together with it.
std::string_view take_word(std::string_view& text) {
  size_t end = text.find(' ');
  std::string_view word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

std::string_view absent_if_dash(std::string_view text) {
  return text == "-" ? std::string_view() : text;
}

std::string_view skip_blanks(std::string_view text) {
  size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

void put_message(std::string_view text, SyslogText& parts) {
  if (text.substr(0, bom.size()) == bom) {
    text.remove_prefix(bom.size());
  }
  if (!text.empty()) {
    parts.message = text;
  }
}

/// `<PRI>` at the head: its size, 0 when there is none. Each digit is looked at before it counts.
size_t read_pri(std::string_view text, int& pri) {
  size_t at = 1;
  int value = 0;
  if (text.empty() || text[0] != '<') {
    return 0;
  }
  while (at < text.size() && at < 4 && is_digit(text[at])) {
    value = value * 10 + (text[at++] - '0');
  }
  if (at == 1 || at == text.size() || text[at] != '>') {
    return 0;
  }
  pri = value;
  return at + 1;
}

/// `app:`, `app[pid]:` or `app[pid]` at the head of a message: its size without the blank behind, 0 when there is none.
size_t read_tag(std::string_view text, SyslogText& parts) {
  size_t name = text.find_first_of(" [:");
  if (name == std::string_view::npos || name == 0 || text[name] == ' ') {
    return 0;
  }
  if (text[name] == ':') {
    if (name + 1 < text.size() && text[name + 1] != ' ' && text[name + 1] != '[') {
      return 0;
    }
    parts.app = text.substr(0, name);
    return name + 1;
  }
  size_t close = text.find_first_of(" ]", name);
  if (close == std::string_view::npos || text[close] != ']') {
    return 0;
  }
  size_t end = close + 1;
  end += end < text.size() && text[end] == ':' ? 1 : 0;
  if (end == close + 1 && end < text.size() && text[end] != ' ') {
    return 0;
  }
  parts.app = text.substr(0, name);
  if (close > name + 1) {
    parts.pid = text.substr(name + 1, close - name - 1);
  }
  return end;
}

/// Cisco's `000123: ` and `*` or `.` before a date: their size.
size_t skip_sequence(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) {
    digits++;
  }
  size_t at = digits > 0 && text.substr(digits, 2) == ": " ? digits + 2 : 0;
  return at + (at < text.size() && (text[at] == '*' || text[at] == '.') ? 1 : 0);
}
}  // namespace

const char* SyslogReader::read(std::string_view text, int64_t now, SyslogText& parts, Arena* arena) {
  // One by one, as compilers make `rep stos` of the whole, which takes longer than the rest of this function.
  parts.pri = -1;
  parts.time = {};
  for (auto part : {&SyslogText::host, &SyslogText::app, &SyslogText::pid, &SyslogText::msgid, &SyslogText::data,
                    &SyslogText::message}) {
    parts.*part = {};
  }
  if (!text.empty() && (text.back() == '\n' || text.back() == '\0')) {
    text.remove_suffix(1);
  }
  text.remove_prefix(read_pri(text, parts.pri));
  if (parts.pri > 191) {
    return "not a syslog line: the priority is above 191";
  }
  return parts.pri >= 0 && text.substr(0, 2) == "1 " ? read_new(text.substr(2), parts, arena)
                                                     : read_old(text, now, parts);
}

const char* SyslogReader::read_new(std::string_view text, SyslogText& parts, Arena* arena) {
  Words words(text);
  std::string_view time = words.next();
  if (time != "-") {
    parts.time = iso_time_.read_all(time);
    if (!parts.time) {
      return "not a syslog line: the time is not as RFC 5424 says";
    }
  }
  parts.host = absent_if_dash(words.next());
  parts.app = absent_if_dash(words.next());
  parts.pid = absent_if_dash(words.next());
  parts.msgid = absent_if_dash(words.next());
  text = words.rest();
  if (text.empty()) {
    return "not a syslog line: it ends before the structured data";
  }
  size_t size = 1;
  if (text[0] != '-' && arena != nullptr) {
    StructuredData data = take_structured_data(text, *arena);
    size = data.size;
    parts.object = data.object;
  } else if (text[0] != '-') {
    size = structured_data_size(text);
  }
  if (size == 0 || (size < text.size() && text[size] != ' ')) {
    return "not a syslog line: malformed structured data";
  }
  if (text[0] != '-') {
    parts.data = text.substr(0, size);
  }
  put_message(size < text.size() ? text.substr(size + 1) : std::string_view(), parts);
  return nullptr;
}

size_t SyslogReader::read_old_time(std::string_view text, int64_t now, SyslogText& parts) {
  size_t at = skip_sequence(text);
  std::string_view rest = text.substr(at);
  TimeText time = !rest.empty() && is_digit(rest[0]) ? iso_time_.read(rest) : old_time_.read(rest, now);
  if (!time) {
    return 0;
  }
  at += time.size;
  rest = text.substr(at);
  if (rest.substr(0, 1) == " ") {
    // ` UTC:` behind the time of a Cisco
    size_t letters = 1;
    while (letters < rest.size() && letters < 6 && rest[letters] >= 'A' && rest[letters] <= 'Z') {
      letters++;
    }
    at += letters > 3 && rest.substr(letters, 3) == ": %" ? letters : 0;
    rest = text.substr(at);
  }
  if (!rest.empty() && rest[0] != ' ' && rest[0] != ':') {
    return 0;
  }
  parts.time = time;
  return at;
}

const char* SyslogReader::read_old(std::string_view text, int64_t now, SyslogText& parts) {
  size_t size = read_old_time(text, now, parts);
  if (size == 0 && parts.pri < 0) {
    return "not a syslog line: neither a priority nor a time";
  }
  text.remove_prefix(size);
  bool may_have_host = size != 0;
  if (!text.empty() && size != 0 && text[0] == ':') {
    text.remove_prefix(1);
    may_have_host = false;
  }
  if (size != 0) {
    text = skip_blanks(text);
  }
  size_t tag = read_tag(text, parts);
  if (tag == 0 && may_have_host) {
    std::string_view rest = text;
    std::string_view word = take_word(rest);
    rest = skip_blanks(rest);
    if (!rest.empty()) {
      parts.host = word;
      text = rest.substr(0, 2) == ": " ? skip_blanks(rest.substr(2)) : rest;
      tag = read_tag(text, parts);
    }
  }
  text.remove_prefix(tag);
  put_message(tag != 0 && !text.empty() && text[0] == ' ' ? text.substr(1) : text, parts);
  return nullptr;
}

}  // namespace stook
