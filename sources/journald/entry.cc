// SPDX-License-Identifier: Apache-2.0
#include "sources/journald/entry.hh"

#include <algorithm>

namespace stook {

namespace {

constexpr uint64_t size_bytes = 8;
/// No value is larger; journald itself takes 768 MiB at the most.
constexpr uint64_t value_most = uint64_t{1} << 40;

bool is_name_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

void JournalEntry::clear() {
  store_.clear();
  fields_.clear();
  state_ = State::Name;
  begin_ = 0;
  is_truncated_ = false;
}

std::string_view JournalEntry::find(std::string_view wanted) const {
  for (size_t i = 0; i < fields_.size(); i++) {
    if (name(i) == wanted) {
      return value(i);
    }
  }
  return {};
}

JournalEntry::Step JournalEntry::take(std::string_view& bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::Name:
        if (Step step = take_name(bytes); step != Step::More) {
          return step;
        }
        break;
      case State::Value:
        take_value(bytes);
        break;
      case State::Size:
        if (!take_size(bytes)) {
          return Step::Damaged;
        }
        break;
      case State::Data:
        take_data(bytes);
        break;
      case State::End:
        if (bytes[0] != '\n') {
          return Step::Damaged;
        }
        bytes.remove_prefix(1);
        begin_ = store_.size();
        state_ = State::Name;
        break;
    }
  }
  return Step::More;
}

JournalEntry::Step JournalEntry::take_name(std::string_view& bytes) {
  while (!bytes.empty()) {
    char c = bytes[0];
    bytes.remove_prefix(1);
    if (is_name_letter(c)) {
      store_ += c;
      if (store_.size() - begin_ > name_most) {
        return Step::Damaged;
      }
      continue;
    }
    if (c == '\n' && store_.size() == begin_) {
      if (!fields_.empty()) {
        return Step::Whole;
      }
      continue;  // empty lines between entries
    }
    if ((c != '=' && c != '\n') || store_.size() == begin_) {
      return Step::Damaged;
    }
    is_kept_ = open_field();
    state_ = c == '=' ? State::Value : State::Size;
    left_ = size_bytes;
    size_read_ = 0;
    return Step::More;
  }
  return Step::More;
}

/// False: there are too many, and this one is stepped over.
bool JournalEntry::open_field() {
  if (fields_.size() == fields_most || store_.size() >= most_) {
    store_.resize(begin_);
    is_truncated_ = true;
    return false;
  }
  fields_.push_back({begin_, store_.size() - begin_, store_.size(), 0});
  return true;
}

void JournalEntry::keep(std::string_view bytes) {
  if (!is_kept_) {
    return;
  }
  size_t room = most_ - std::min(most_, store_.size());
  is_truncated_ = is_truncated_ || bytes.size() > room;
  store_.append(bytes.substr(0, room));
  fields_.back().value_size = store_.size() - fields_.back().value;
}

void JournalEntry::take_value(std::string_view& bytes) {
  size_t newline = bytes.find('\n');
  keep(bytes.substr(0, newline));
  if (newline == std::string_view::npos) {
    bytes = {};
    return;
  }
  bytes.remove_prefix(newline + 1);
  begin_ = store_.size();
  state_ = State::Name;
}

bool JournalEntry::take_size(std::string_view& bytes) {
  while (!bytes.empty() && left_ > 0) {
    size_read_ |= uint64_t{static_cast<unsigned char>(bytes[0])} << (8 * (size_bytes - left_));
    left_--;
    bytes.remove_prefix(1);
  }
  if (left_ == 0) {
    left_ = size_read_;
    state_ = left_ > 0 ? State::Data : State::End;
    return size_read_ <= value_most;
  }
  return true;
}

void JournalEntry::take_data(std::string_view& bytes) {
  size_t size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  keep(bytes.substr(0, size));
  bytes.remove_prefix(size);
  left_ -= size;
  if (left_ == 0) {
    state_ = State::End;
  }
}

}  // namespace stook
