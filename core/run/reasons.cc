// SPDX-License-Identifier: Apache-2.0
#include "core/run/reasons.hh"

#include <algorithm>

#include "core/base/text.hh"

namespace stook {

namespace {
/// Between the parts of a note; none of them holds it, as they are printable.
constexpr char between = '\x1f';

std::string_view next_part(std::string_view& rest) {
  size_t end = std::min(rest.find(between), rest.size());
  std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

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
    reason.time = number_of<int64_t>(next_part(rest));
    reason.rows = number_of<uint64_t>(next_part(rest));
    reason.element = next_part(rest);
    reason.fate = next_part(rest);
    reason.id = next_part(rest);
    reason.why = next_part(rest);
    reason.row = next_part(rest);
    if (reason.time != 0) {
      all.push_back(std::move(reason));
    }
  }
  return all;
}

}  // namespace stook
