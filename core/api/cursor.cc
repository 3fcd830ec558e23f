// SPDX-License-Identifier: Apache-2.0
#include "core/api/cursor.hh"

#include <errno.h>
#include <fcntl.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/api/beside_positions.hh"
#include "core/base/crc32c.hh"
#include "core/base/fd.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"

namespace stook {

namespace {

constexpr int64_t period = 1'000'000'000;
constexpr std::string_view begin_word = "stook-pos 1 ";
constexpr std::string_view cursor_word = "cursor ";
/// No source's cursor comes near it.
constexpr size_t file_most = 65536;

/// What is between `word` and the newline; steps over it. False: the text goes on with something else.
bool take_line(std::string_view& text, std::string_view word, std::string_view& rest) {
  size_t newline = text.find('\n');
  if (newline == std::string_view::npos || text.substr(0, word.size()) != word) {
    return false;
  }
  rest = text.substr(word.size(), newline - word.size());
  text.remove_prefix(newline + 1);
  return true;
}

}  // namespace

std::string show_cursor(std::string_view cursor, uint64_t generation) {
  std::string text(begin_word);
  text += std::to_string(generation) + "\n";
  text += cursor_word;
  text += cursor;
  text += '\n';
  char end[32];
  snprintf(end, sizeof end, "end 1 %08x\n", crc32c(text));
  return text + end;
}

bool read_cursor(std::string_view text, std::string& cursor, uint64_t& generation) {
  std::string_view rest = text;
  std::string_view number;
  std::string_view place;
  if (!take_line(rest, begin_word, number) || !take_line(rest, cursor_word, place)) {
    return false;
  }
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), generation);
  cursor = place;
  return error == std::errc() && end == number.data() + number.size() && text == show_cursor(cursor, generation);
}

void CursorFile::load() {
  begin_positions(id_, file_);
  bool has_bad = false;
  bool has_good = false;
  for (const char* ending : {"", ".old", ".new"}) {
    std::string path = file_ + ending;
    Fd fd(file_.empty() ? -1 : open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
      if (!file_.empty() && errno != ENOENT) {
        throw SetupError("cannot read the position from " + path + ": " + std::strerror(errno), errno);
      }
      continue;
    }
    std::string text(file_most, '\0');
    ssize_t got = ::read(fd.get(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    std::string cursor;
    uint64_t generation = 0;
    if (!read_cursor(text, cursor, generation)) {
      // A torn .new beside a missing file is a first start that was cut short.
      has_bad = has_bad || std::string_view(ending) != ".new";
    } else if (!std::exchange(has_good, true) || generation > generation_) {
      cursor_ = cursor;
      generation_ = generation;
    }
  }
  if (has_bad && !has_good) {
    throw SetupError("the position file " + file_ + " is damaged; without it the source begins at start_at");
  }
}

void CursorFile::fed(uint64_t number, std::string cursor) {
  fed_.push_back({number, std::move(cursor)});
}

void CursorFile::delivered(Loop& loop, uint64_t number) {
  bool has_moved = false;
  while (!fed_.empty() && fed_.front().number <= number) {
    cursor_ = std::move(fed_.front().cursor);
    fed_.pop_front();
    has_moved = true;
  }
  is_dirty_ = is_dirty_ || has_moved;
  if (has_moved && is_kept() && !timer_.is_active()) {
    timer_.on_time<&CursorFile::save>(loop, this, period);
  }
}

void CursorFile::save() {
  timer_.stop();
  if (!is_dirty_ || file_.empty()) {
    return;
  }
  std::string reason = keep_positions(file_, generation_ + 1, show_cursor(cursor_, generation_ + 1));
  if (reason.empty()) {
    generation_++;
    is_dirty_ = false;
    return;
  }
  if (feed_ != nullptr) {
    feed_->count(Remark::CheckpointFailures, 1);
  }
  static LogLimit limit(1);
  if (auto pass = limit.pass()) {
    log_event(Level::Error, "positions_failed",
              Fields()("instance", id_)("path", file_)("reason", reason)("suppressed", pass.suppressed));
  }
}

}  // namespace stook
