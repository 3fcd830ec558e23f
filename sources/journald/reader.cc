// SPDX-License-Identifier: Apache-2.0
#include "sources/journald/reader.hh"

#include <errno.h>
#include <unistd.h>

#include <charconv>

#include "core/base/clock.hh"

namespace stook {

namespace {

constexpr size_t piece_size = 65536;
constexpr int64_t end_patience = 100'000'000;

/// One item of a cursor, `s=…;i=…;b=…`.
std::string_view cursor_item(std::string_view cursor, char name) {
  for (size_t at = 0; at < cursor.size();) {
    std::string_view item = cursor.substr(at, cursor.find(';', at) - at);
    if (item.size() > 2 && item[0] == name && item[1] == '=') {
      return item.substr(2);
    }
    at += item.size() + 1;
  }
  return {};
}

uint64_t entry_number(std::string_view cursor) {
  std::string_view text = cursor_item(cursor, 'i');
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

}  // namespace

std::vector<std::string> journal_words(const JournaldConfig& config, const std::string& after) {
  std::vector<std::string> words{config.program, "--output=export", "--no-pager", "--quiet"};
  if (config.follows) {
    words.push_back("--follow");
  }
  if (!after.empty()) {
    words.push_back("--after-cursor=" + after);
  }
  bool is_at_end = after.empty() && config.follows && config.start_at == JournalStart::End;
  words.push_back(is_at_end ? "--lines=0" : "--no-tail");
  if (!config.folder.empty()) {
    words.push_back("--directory=" + config.folder);
  }
  if (!config.name_space.empty()) {
    words.push_back("--namespace=" + config.name_space);
  }
  for (const std::string& unit : config.units) {
    words.push_back("--unit=" + unit);
  }
  words.insert(words.end(), config.match.begin(), config.match.end());
  return words;
}

uint64_t journal_gap(std::string_view after, std::string_view before) {
  uint64_t from = entry_number(after);
  uint64_t to = entry_number(before);
  bool is_one_sequence = from > 0 && cursor_item(after, 's') == cursor_item(before, 's') &&
                         cursor_item(after, 'b') == cursor_item(before, 'b');
  return is_one_sequence && to > from ? to - from - 1 : 0;
}

void JournalReader::open(Loop& loop, const std::string& after) {
  Pipe out = open_pipe(true);
  Pipe err = open_pipe(true);
  child_.start({journal_words(config_, after), {}, {}, -1, out.write.get(), err.write.get()});
  fd_ = std::move(out.read);
  murmur_.open(std::move(err.read), child_.pid());
  murmur_watch_.on_readable<&JournalReader::on_murmur>(loop, this, murmur_.fd());
  entry_.clear();
  rest_ = {};
  is_whole_ = false;
}

void JournalReader::on_murmur() {
  murmur_.read(monotonic_ns());
  if (!murmur_.is_open()) {
    murmur_watch_.stop();
  }
}

JournalReader::Step JournalReader::read(Feed& feed) {
  if (is_whole_) {
    return Step::Whole;
  }
  if (rest_.empty()) {
    if (!piece_) {
      piece_ = std::make_unique<char[]>(piece_size);
    }
    ssize_t got = ::read(fd_.get(), piece_.get(), piece_size);
    if (got <= 0) {
      return got < 0 && (errno == EAGAIN || errno == EINTR) ? Step::More : Step::End;
    }
    feed.count_bytes(static_cast<uint64_t>(got));
    rest_ = {piece_.get(), static_cast<size_t>(got)};
  }
  return next();
}

JournalReader::Step JournalReader::next() {
  if (is_whole_) {
    entry_.clear();
    is_whole_ = false;
  }
  switch (entry_.take(rest_)) {
    case JournalEntry::Step::Whole:
      is_whole_ = true;
      return Step::Whole;
    case JournalEntry::Step::Damaged:
      return Step::Damaged;
    case JournalEntry::Step::More:
      break;
  }
  return Step::More;
}

Ending JournalReader::close() {
  fd_.reset();
  Ending ending;
  if (child_.is_started() && child_.wait(end_patience)) {
    ending = child_.ending();
  }
  abandon();
  return ending;
}

void JournalReader::abandon() {
  murmur_watch_.stop();
  if (murmur_.is_open()) {
    murmur_.read(monotonic_ns());
    murmur_.close(monotonic_ns());
  }
  child_.finish();
  fd_.reset();
  rest_ = {};
  is_whole_ = false;
  entry_.clear();
}

}  // namespace stook
