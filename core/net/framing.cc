// SPDX-License-Identifier: Apache-2.0
#include "core/net/framing.hh"

#include <algorithm>
#include <cstring>

namespace stook {

namespace {

constexpr ptrdiff_t most_digits = 7;
constexpr uint64_t count_slack = 1024;              // a count may be so much over max_line
constexpr uint64_t most_length = 16 * 1024 * 1024;  // of a record with a binary length

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The framing of the record that begins with these bytes.
Framing framing_of(Framing framing, std::string_view bytes) {
  if (framing != Framing::Auto) {
    return framing;
  }
  return is_digit(bytes.front()) ? Framing::Octets : Framing::Lf;
}

/// How many bytes stand before the record's own; all when they are not complete.
size_t prefix_of(Framing framing, std::string_view bytes) {
  switch (framing) {
    case Framing::Lf:
    case Framing::Nul:
    case Framing::Auto:
    case Framing::Ipfix:
      return 0;
    case Framing::Octets:
      return std::min(bytes.size(), std::min(bytes.size(), bytes.find(' ')) + 1);
    case Framing::Length32:
      return std::min<size_t>(bytes.size(), 4);
    case Framing::Length16:
      return std::min<size_t>(bytes.size(), 2);
  }
  return 0;
}

}  // namespace

/// True when what was to be skipped has been.
bool FrameCutter::skip() {
  if (state_.skips == FrameState::to_delimiter) {
    char delimiter = rules_.framing == Framing::Nul ? '\0' : '\n';
    const void* found = at_ == end_ ? nullptr : std::memchr(at_, delimiter, static_cast<size_t>(end_ - at_));
    at_ = found == nullptr ? end_ : static_cast<const char*>(found) + 1;
    state_.skips = found == nullptr ? FrameState::to_delimiter : 0;
  } else {
    uint64_t size = std::min<uint64_t>(state_.skips, static_cast<uint64_t>(end_ - at_));
    at_ += size;
    state_.skips -= size;
  }
  scan_ = at_;
  return state_.skips == 0;
}

Frame FrameCutter::next() {
  if (state_.skips > 0 && !skip()) {
    return {};
  }
  while (at_ < end_) {
    switch (framing_of(rules_.framing, {at_, 1})) {
      case Framing::Octets:
        return next_counted();
      case Framing::Length32:
        return next_measured(4);
      case Framing::Length16:
        return next_measured(2);
      case Framing::Ipfix:
        return next_ipfix();
      case Framing::Nul:
        return next_line('\0');
      case Framing::Lf:
      case Framing::Auto:
        break;
    }
    Frame line = next_line('\n');
    if (rules_.framing != Framing::Auto || line.kind != Frame::Kind::Whole || !line.text.empty()) {
      return line;
    }
  }
  return {};
}

inline Frame FrameCutter::next_line(char delimiter) {
  const char* begin = at_;
  const char* from = std::max(scan_, at_);
  const void* found = from == end_ ? nullptr : std::memchr(from, delimiter, static_cast<size_t>(end_ - from));
  const char* stop = found == nullptr ? end_ : static_cast<const char*>(found);
  size_t size = static_cast<size_t>(stop - begin);
  if (found == nullptr) {
    scan_ = end_;
    // One byte more than the limit may still be the \r of a line that just fits.
    if (size <= rules_.most() + 1) {
      return {};
    }
    state_.skips = FrameState::to_delimiter;
    at_ = end_;
    return {Frame::Kind::Cut, {begin, rules_.most()}};
  }
  at_ = stop + 1;
  if (delimiter == '\n' && size > 0 && stop[-1] == '\r') {
    size--;
  }
  bool is_long = size > rules_.max_line;
  return {is_long ? Frame::Kind::Cut : Frame::Kind::Whole, {begin, std::min(size, rules_.max_line)}};
}

// Each digit is looked at before it counts, so that no count is ever larger than eight digits can say.
inline Frame FrameCutter::next_counted() {
  const char* stop = at_ + std::min<ptrdiff_t>(end_ - at_, most_digits + 1);
  const char* p = at_;
  uint64_t count = 0;
  for (; p < stop && is_digit(*p); p++) {
    count = 10 * count + static_cast<uint64_t>(*p - '0');
  }
  bool is_count = p < stop && *p == ' ' && p != at_ && *at_ != '0' && count <= rules_.max_line + count_slack;
  return is_count ? body(p + 1, count) : odd_count(p);
}

/// What to make of digits, up to `p`, that are no count, or none yet.
Frame FrameCutter::odd_count(const char* p) {
  if (p > at_ && *at_ == '0') {
    return wrong("a count of octets that begins with 0");
  }
  if (p - at_ > most_digits) {
    return wrong("a count of octets of more than 7 digits");
  }
  if (p == end_) {
    return {};
  }
  if (*p != ' ') {
    return wrong("a count of octets that is no number");
  }
  return wrong(p == at_ ? "a blank where a count of octets should be" : "a count of octets over max_line");
}

Frame FrameCutter::next_measured(size_t prefix) {
  if (static_cast<size_t>(end_ - at_) < prefix) {
    return {};
  }
  uint64_t size = 0;
  for (size_t i = 0; i < prefix; i++) {
    size = size << 8 | static_cast<unsigned char>(at_[i]);
  }
  return size > most_length ? wrong("a length over 16 MiB") : body(at_ + prefix, size);
}

Frame FrameCutter::next_ipfix() {
  constexpr uint64_t head = 16;
  constexpr size_t to_length = 4;
  if (static_cast<size_t>(end_ - at_) < to_length) {
    return {};
  }
  auto byte = [this](size_t i) { return static_cast<unsigned char>(at_[i]); };
  if (byte(0) != 0 || byte(1) != 10) {
    return wrong("no message of IPFIX: its version is not 10");
  }
  uint64_t size = static_cast<uint64_t>(byte(2) << 8 | byte(3));
  return size < head ? wrong("a message of IPFIX shorter than its head") : body(at_, size);
}

inline Frame FrameCutter::body(const char* begin, uint64_t size) {
  uint64_t there = static_cast<uint64_t>(end_ - begin);
  uint64_t kept = std::min<uint64_t>(size, rules_.most());
  if (there < kept) {
    return {};
  }
  at_ = begin + kept;
  state_.skips = size - kept;
  return {size > kept ? Frame::Kind::Cut : Frame::Kind::Whole, {begin, static_cast<size_t>(kept)}};
}

Frame FrameCutter::wrong(const char* why) {
  fault_ = why;
  return {Frame::Kind::Wrong, {}};
}

bool has_frame(const FrameRules& rules, FrameState state, std::string_view bytes, size_t scanned) {
  return FrameCutter(rules, state, bytes, scanned).next().kind != Frame::Kind::Unfinished;
}

std::string_view unfinished_text(const FrameRules& rules, FrameState state, std::string_view rest) {
  if (state.skips > 0 || rest.empty()) {
    return {};
  }
  rest.remove_prefix(prefix_of(framing_of(rules.framing, rest), rest));
  return rest.substr(0, rules.max_line);
}

}  // namespace stook
