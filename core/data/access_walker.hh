// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Walks a line of an access log by its compiled format, once from left to right.
#pragma once

#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/arena.hh"
#include "core/data/access_format.hh"
#include "core/data/scan.hh"
#include "core/data/time_text.hh"

namespace stook {

/// Turns lines into cells. Each key of the format has a slot, counted in the order of its fields; a request that is split
/// has four: request, method, path and protocol. Fields whose slots nobody wants are stepped over, not looked into.
/// *Invariants:* slices point into the line, or into the arena where escapes were undone. *Rooms:* whoever owns it.
class AccessWalker {
 public:
  struct Found {
    uint32_t slot;
    Cell cell;
  };

  /// `escapes`: whether values are written with backslashes. The format must outlive the walker.
  AccessWalker(const AccessFormat& format, bool escapes, bool split_request, const Zone& zone);

  size_t slots() const { return wanted_.size(); }
  void want(size_t slot, bool is_wanted);

  /// Takes a line apart into `found`. Returns nothing, or in one phrase why the line is refused; the phrase lives as long
  /// as the format.
  std::string_view walk(std::string_view line, Arena& arena);
  /// What the last walk found, for wanted slots only.
  std::span<const Found> found() const { return {found_, end_}; }

 private:
  /// One field as the walk needs it.
  struct Step {
    const AccessField* field;
    const char* stop;
    // The stop as one word and the bits of it that count; none count when it has not 1 to 8 bytes.
    uint64_t stop_word;
    uint64_t stop_mask;
    uint32_t stop_size;
    char first;   // of stop; a backslash when there is none
    char escape;  // what find_end looks at besides; `first` when values have no escapes
    AccessKind kind;
    bool is_list;
    bool is_wanted;
    bool is_split;
    uint32_t slot;
    uint32_t slots;
    uint32_t reader;
  };

  void put(uint32_t slot, const Cell& cell) {
    if (wanted_.data()[slot] != 0) {
      *end_++ = {slot, cell};
    }
  }
  static bool stops_at(const Scan& line, const char* at, const Step& step) {
    if (step.stop_mask == 0 || line.end() - at < 8) {
      return stops_slowly_at(line, at, step);
    }
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return ((word ^ step.stop_word) & step.stop_mask) == 0;
  }
  static bool stops_slowly_at(const Scan& line, const char* at, const Step& step);
  static bool goes_on(const Scan& line, const char* start, const char* hit);
  const char* find_end(const Scan& line, const char* at, const Step& step, bool& has_escape) const;
  const char* quick_integer(const Scan& line, const char* at, const Step& step);
  const char* quick_time(const Scan& line, const char* at, const Step& step);
  bool take(std::string_view text, const Step& step, bool has_escape);
  bool take_time(std::string_view text, const Step& step);
  bool take_number(std::string_view text, const Step& step);
  void take_request(std::string_view text, const Step& step);

  const std::string& head_;
  bool escapes_;
  std::vector<Step> steps_;
  std::vector<TimeReader> readers_;
  std::vector<uint8_t> wanted_;
  Arena* arena_ = nullptr;
  Found found_[AccessFormat::max_fields + 3];
  Found* end_ = found_;
};

}  // namespace stook
