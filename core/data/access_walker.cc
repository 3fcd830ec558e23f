// SPDX-License-Identifier: Apache-2.0
#include "core/data/access_walker.hh"

#include <charconv>

#include "core/data/backslash.hh"

namespace stook {

AccessWalker::AccessWalker(const AccessFormat& format, bool escapes, bool split_request, const Zone& zone)
    : head_(format.head), escapes_(escapes) {
  for (const AccessField& field : format.fields) {
    Step step{};
    step.field = &field;
    step.stop = field.stop.data();
    step.stop_size = static_cast<uint32_t>(field.stop.size());
    if (!field.stop.empty() && field.stop.size() <= sizeof step.stop_word) {
      std::memcpy(&step.stop_word, field.stop.data(), field.stop.size());
      std::memset(&step.stop_mask, 0xff, field.stop.size());
    }
    step.first = field.stop.empty() ? '\\' : field.stop[0];
    step.escape = escapes_ ? '\\' : step.first;
    step.kind = field.kind;
    step.is_list = field.is_list;
    step.is_split = field.kind == AccessKind::Request && split_request;
    step.slot = static_cast<uint32_t>(wanted_.size());
    step.slots = field.key.empty() ? 0 : step.is_split ? 4 : 1;
    wanted_.resize(wanted_.size() + step.slots, 0);
    if (field.kind == AccessKind::Time) {
      step.reader = static_cast<uint32_t>(readers_.size());
      readers_.emplace_back(field.time_format, zone);
    }
    steps_.push_back(step);
  }
}

void AccessWalker::want(size_t slot, bool is_wanted) {
  wanted_[slot] = is_wanted ? 1 : 0;
  for (Step& step : steps_) {
    if (slot >= step.slot && slot < step.slot + step.slots) {
      step.is_wanted = false;
      for (uint32_t i = step.slot; i < step.slot + step.slots; i++) {
        step.is_wanted = step.is_wanted || wanted_[i] != 0;
      }
    }
  }
}

/// Fills found_ from a line; returns why it is refused, or nothing.
std::string_view AccessWalker::walk(std::string_view text, Arena& arena) {
  end_ = found_;
  arena_ = &arena;
  const std::string& head = head_;
  if (!head.empty() && text.compare(0, head.size(), head) != 0) {
    return "not an access line: it does not begin as the format does";
  }
  Scan line(text);
  const char* at = text.data() + head.size();
  for (const Step& step : steps_) {
    const char* end = nullptr;
    if (step.is_wanted && (step.kind == AccessKind::Integer || step.kind == AccessKind::Time)) {
      end = step.kind == AccessKind::Integer ? quick_integer(line, at, step) : quick_time(line, at, step);
    }
    if (end == nullptr) {
      bool has_escape = false;
      end = find_end(line, at, step, has_escape);
      if (end == nullptr) {
        return step.field->no_end;
      }
      if (step.is_wanted && !take({at, static_cast<size_t>(end - at)}, step, has_escape)) {
        return step.field->wrong;
      }
    }
    at = end + step.stop_size;
  }
  return at == line.end() ? std::string_view() : "not an access line: text follows the end of the format";
}

bool AccessWalker::stops_slowly_at(const Scan& line, const char* at, const Step& step) {
  if (static_cast<size_t>(line.end() - at) < step.stop_size) {
    return false;
  }
  for (uint32_t i = 0; i < step.stop_size; i++) {
    if (at[i] != step.stop[i]) {
      return false;
    }
  }
  return step.stop_size != 0 || at == line.end();
}

/// Where the field that starts at `at` ends, or null.
inline const char* AccessWalker::find_end(const Scan& line, const char* at, const Step& step, bool& has_escape) const {
  if (step.stop_size == 0) {
    has_escape = escapes_ && line.find(at, '\\') != line.end();
    return line.end();
  }
  for (const char* seek = at;;) {
    const char* hit = line.find_either(seek, step.first, step.escape);
    if (hit == line.end()) {
      return nullptr;
    }
    if (*hit != step.first) {
      has_escape = true;
      seek = hit + (step.first == '"' && hit + 1 < line.end() ? 2 : 1);
    } else if (stops_at(line, hit, step) && !(step.is_list && goes_on(line, at, hit))) {
      return hit;
    } else {
      seek = hit + 1;
    }
  }
}

/// Whether a blank stands within a list, as in `0.1, 0.2` and `0.1 : 0.2`.
bool AccessWalker::goes_on(const Scan& line, const char* start, const char* hit) {
  if (*hit != ' ' || hit == start) {
    return false;
  }
  bool is_before_colon = line.end() - hit >= 3 && hit[1] == ':' && hit[2] == ' ';
  bool is_behind_colon = hit[-1] == ':' && hit - start >= 2 && hit[-2] == ' ';
  return hit[-1] == ',' || is_before_colon || is_behind_colon;
}

/// Digits up to the stop, or null: then `take` looks closer.
inline const char* AccessWalker::quick_integer(const Scan& line, const char* at, const Step& step) {
  const char* first = at;
  uint64_t value = 0;
  for (const char* end = line.end(); at < end && is_digit(*at); at++) {
    value = value * 10 + static_cast<uint64_t>(*at - '0');
  }
  if (at == first || at - first > 18 || !stops_at(line, at, step)) {
    return nullptr;
  }
  put(step.slot, Cell::of_integer(static_cast<int64_t>(value)));
  return at;
}

inline const char* AccessWalker::quick_time(const Scan& line, const char* at, const Step& step) {
  TimeText time = readers_[step.reader].read({at, static_cast<size_t>(line.end() - at)});
  if (!time || !stops_at(line, at + time.size, step)) {
    return nullptr;
  }
  put(step.slot, Cell::of_time(time.ns));
  return at + time.size;
}

/// Makes a field's text a value. False when it is none of the field's kind.
bool AccessWalker::take(std::string_view text, const Step& step, bool has_escape) {
  if (text.size() == 1 && text[0] == '-') {
    return true;
  }
  if (has_escape) {
    char* to = arena_->take(text.size());
    text = {to, static_cast<size_t>(undo_backslashes(to, text) - to)};
  }
  switch (step.kind) {
    case AccessKind::Text:
      put(step.slot, Cell::of_text(text));
      return true;
    case AccessKind::Request:
      take_request(text, step);
      return true;
    case AccessKind::Time:
      return take_time(text, step);
    case AccessKind::Integer:
    case AccessKind::Real:
      return take_number(text, step);
    default:
      if (!take_number(text, step)) {
        put(step.slot, Cell::of_text(text));
      }
      return true;
  }
}

bool AccessWalker::take_time(std::string_view text, const Step& step) {
  TimeText time = readers_[step.reader].read_all(text);
  put(step.slot, Cell::of_time(time.ns));
  return time.size != 0;
}

bool AccessWalker::take_number(std::string_view text, const Step& step) {
  const char* last = text.data() + text.size();
  if (step.kind == AccessKind::Integer || step.kind == AccessKind::Counts) {
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), last, value);
    if (error != std::errc() || end != last) {
      return false;
    }
    put(step.slot, Cell::of_integer(value));
    return true;
  }
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), last, value, std::chars_format::fixed);
  if (error != std::errc() || end != last) {
    return false;
  }
  put(step.slot, Cell::of_real(value));
  return true;
}

namespace {
/// The last blank behind `first`, if the request's protocol follows it, else `end`.
const char* find_protocol(const char* first, const char* end) {
  const char* last = end - 1;
  while (*last != ' ') {
    last--;
  }
  bool has_protocol = last > first && end - last > 5 && std::memcmp(last + 1, "HTTP/", 5) == 0;
  return has_protocol ? last : end;
}
}  // namespace

/// `GET /a b HTTP/1.1`: the path is all between the first and the last blank. What is no request line stays whole.
void AccessWalker::take_request(std::string_view text, const Step& step) {
  const char* first = text.data();
  const char* end = text.data() + text.size();
  while (first < end && *first != ' ') {
    first++;
  }
  if (!step.is_split || first == end || first == text.data()) {
    put(step.slot, Cell::of_text(text));
    return;
  }
  const char* last = find_protocol(first, end);
  put(step.slot + 1, Cell::of_text({text.data(), static_cast<size_t>(first - text.data())}));
  put(step.slot + 2, Cell::of_text({first + 1, static_cast<size_t>(last - first - 1)}));
  if (last < end) {
    put(step.slot + 3, Cell::of_text({last + 1, static_cast<size_t>(end - last - 1)}));
  }
}

}  // namespace stook
