// SPDX-License-Identifier: Apache-2.0
/// What main does with the rows of a trace: it waits until their sinks are done with them.
#include <algorithm>
#include <cstring>

#include "core/base/text.hh"
#include "core/run/fate.hh"
#include "core/run/trace.hh"

namespace stook {

namespace {
/// How long a row waits for its fates before it is told of without them.
constexpr int64_t patience = 2'000'000'000;

template <class Number>
Number take_number(std::string& text) {
  Number number = 0;
  std::memcpy(&number, text.data() + text.size() - sizeof number, sizeof number);
  text.resize(text.size() - sizeof number);
  return number;
}
}  // namespace

void Trace::take_in() {
  std::string text;
  while (Post::read(text, 1) == 1) {
    Told one;
    one.begun_at = take_number<int64_t>(text);
    one.fates.resize(take_number<uint32_t>(text));
    std::for_each(one.fates.rbegin(), one.fates.rend(), [&](uint32_t& fate) { fate = take_number<uint32_t>(text); });
    one.text = std::move(text);
    one.came_at = clock_();
    told_.push_back(std::move(one));
    text.clear();
  }
}

bool Trace::is_final(const Told& one) const {
  return std::none_of(one.fates.begin(), one.fates.end(),
                      [&](uint32_t fate) { return read_fate(*fates_[fate]).fate.empty(); });
}

size_t Trace::read(std::string& to, size_t most) {
  take_in();
  size_t rows = 0;
  while (rows < most && !told_.empty() && (is_final(told_.front()) || clock_() - told_.front().came_at >= patience)) {
    to += told_.front().text + ending(told_.front());
    told_.pop_front();
    rows++;
  }
  return rows;
}

std::string Trace::ending(const Told& one) const {
  std::string text;
  for (uint32_t number : one.fates) {
    RowFate fate = read_fate(*fates_[number]);
    int64_t after = std::max<int64_t>(0, fate.at - one.begun_at);
    if (form_ == RowForm::Line) {
      text += ">   " + padded(fate.sink, name_width) + padded(fate.fate.empty() ? "" : "+" + show_duration(after), 12) +
              (fate.fate.empty() ? "not final yet; `stook health` says what waits" : fate.fate) +
              (fate.why.empty() ? "" : ": " + fate.why) + "\n";
      continue;
    }
    text += (text.empty() ? "" : ",") + std::string("{\"sink\":") + quoted(fate.sink) + ",\"fate\":" +
            (fate.fate.empty() ? "null,\"at_ns\":null" : quoted(fate.fate) + ",\"at_ns\":" + std::to_string(after)) +
            ",\"why\":" + quoted(fate.why) + "}";
  }
  if (form_ == RowForm::Json) {
    return "],\"fates\":[" + text + "]}\n";
  }
  return text.empty() ? ">   it reached no sink\n" : text;
}

}  // namespace stook
