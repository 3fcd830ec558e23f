// SPDX-License-Identifier: Apache-2.0
#include "core/run/reasons.hh"

#include <algorithm>

#include "core/base/text.hh"

namespace stook {

namespace {
/// Between the parts of a note; none of them holds it, as they are printable.
constexpr char between = '\x1f';

template <class T>
T number_of(std::string_view text) {
  T value = 0;
  std::string why;
  (void)read_value(text, value, why);
  return value;
}
}  // namespace

bool ReasonRing::has_time(int64_t now) {
  constexpr int64_t pause = 40'000'000;  // for `most_each` notes
  rested_at_ = std::max(rested_at_, now - pause * static_cast<int64_t>(size / most_each));
  if (rested_at_ + pause > now) {
    return false;
  }
  rested_at_ += pause;
  return true;
}

void ReasonRing::add(const ReasonNote& reason) {
  std::string text;
  for (const std::string& part :
       {std::to_string(reason.time), std::to_string(reason.rows), printable(reason.element, 40), reason.fate,
        printable(reason.id, 64), printable(reason.why, 100), printable(reason.row, Note::most)}) {
    text += part;
    text += between;
  }
  notes_[written_.read() % size].write(text);
  written_.add(1);
}

std::vector<ReasonNote> ReasonRing::read() const {
  std::vector<ReasonNote> all;
  uint64_t written = written_.read();
  for (uint64_t i = written - std::min<uint64_t>(written, size); i < written; i++) {
    std::string text = notes_[i % size].read();
    std::string_view rest = text;
    ReasonNote reason;
    reason.time = number_of<int64_t>(take_part(rest, between));
    reason.rows = number_of<uint64_t>(take_part(rest, between));
    reason.element = take_part(rest, between);
    reason.fate = take_part(rest, between);
    reason.id = take_part(rest, between);
    reason.why = take_part(rest, between);
    reason.row = take_part(rest, between);
    if (reason.time != 0) {
      all.push_back(std::move(reason));
    }
  }
  return all;
}

}  // namespace stook
