// SPDX-License-Identifier: Apache-2.0
#include "core/tool/verify_tally.hh"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace stook {

namespace {
constexpr double class_ratio = 1.1;

// What stands behind a name and its quotes, blanks, colon or sign of equality, however the line was encoded since.
std::string_view value_behind(std::string_view line, std::string_view name) {
  size_t at = line.rfind(name);
  if (at == std::string_view::npos) {
    return {};
  }
  at = line.find_first_not_of("\\\"=: \t", at + name.size());
  return at == std::string_view::npos ? std::string_view() : line.substr(at);
}

bool read_number(std::string_view text, uint64_t& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}
}  // namespace

void NumberTally::take(uint64_t number) {
  count_++;
  if (number >= seen_.size()) {
    seen_.resize(std::max<uint64_t>(number + 1, seen_.size() * 2));
  }
  if (seen_[number]) {
    repeated_++;
    return;
  }
  seen_[number] = true;
  disordered_ += number < largest_ ? 1 : 0;
  largest_ = std::max(largest_, number);
}

uint64_t NumberTally::missing(uint64_t end) const {
  uint64_t last = end == 0 ? largest_ : end;
  uint64_t there = 0;
  for (uint64_t number = 1; number <= last && number < seen_.size(); number++) {
    there += seen_[number] ? 1 : 0;
  }
  return last - there;
}

std::vector<std::pair<uint64_t, uint64_t>> NumberTally::gaps(uint64_t end, size_t ranges) const {
  uint64_t last = end == 0 ? largest_ : end;
  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (uint64_t number = 1; number <= last; number++) {
    if (has(number)) {
      continue;
    }
    if (number > largest_) {
      bool is_next = !all.empty() && all.back().second + 1 == number;
      is_next ? void(all.back().second = last) : all.size() < ranges ? void(all.emplace_back(number, last)) : void();
      break;
    }
    if (!all.empty() && all.back().second + 1 == number) {
      all.back().second = number;
    } else if (all.size() == ranges) {
      break;
    } else {
      all.emplace_back(number, number);
    }
  }
  return all;
}

void LatencyTally::take(int64_t ns) {
  ns = std::max<int64_t>(ns, 1);
  auto at = static_cast<size_t>(std::log(static_cast<double>(ns)) / std::log(class_ratio));
  counts_[std::min(at, classes - 1)]++;
  count_++;
  largest_ = std::max(largest_, ns);
}

int64_t LatencyTally::within(double part) const {
  auto wanted = static_cast<uint64_t>(std::ceil(part * static_cast<double>(count_)));
  uint64_t sum = 0;
  for (size_t at = 0; at < classes; at++) {
    sum += counts_[at];
    if (sum >= wanted && sum > 0) {
      return std::min(largest_, static_cast<int64_t>(std::pow(class_ratio, static_cast<double>(at + 1))));
    }
  }
  return largest_;
}

void Tally::take(std::string_view line, int64_t now) {
  lines++;
  std::string_view value = value_behind(line, "stook_seq");
  size_t colon = value.find_first_of(": \"");
  uint64_t number = 0;
  if (colon == std::string_view::npos || value[colon] != ':' || colon > 64 ||
      !read_number(value.substr(colon + 1), number) || number == 0 || number > NumberTally::most) {
    unnumbered++;
    return;
  }
  std::string_view name = value.substr(0, colon);
  auto found = streams.find(name);
  if (found == streams.end()) {
    found = streams.emplace(std::string(name), NumberTally()).first;
  }
  found->second.take(number);
  uint64_t sent = 0;
  if (now != 0 && read_number(value_behind(line, "stook_sent"), sent)) {
    latency.take(now - static_cast<int64_t>(sent));
  }
}

}  // namespace stook
