// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Times out of text: web servers' times, ISO 8601, syslog's times without a year, counts since 1970, and
/// formats in the manner of strptime(3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/civil.hh"

namespace stook {

/// A time at the head of a text: ns since 1970 UTC and how many bytes it takes. `size` 0: there is none.
struct TimeText {
  int64_t ns = 0;
  size_t size = 0;
  explicit operator bool() const { return size != 0; }
};

/// The zone of times that do not say theirs. *Rooms:* whoever owns it.
class Zone {
 public:
  /// `UTC`, `local` (the system's zone, summer time observed) or an offset: `+02:00`, `-0330`.
  /// Throws std::invalid_argument with one sentence.
  explicit Zone(std::string_view name = "UTC");
  /// Seconds since 1970 UTC of seconds counted on this zone's clock. COLD once a quarter of an hour for `local`.
  int64_t to_utc(int64_t seconds) {
    if (is_local_ && seconds / 900 != quarter_) {
      look_up(seconds);
    }
    return seconds - offset_;
  }

 private:
  void look_up(int64_t seconds);
  bool is_local_ = false;
  int64_t offset_ = 0;
  int64_t quarter_ = INT64_MIN;
};

/// Reads times of one format. Remembers the part of the last time that seldom changes, so that the next one costs a
/// compare. *Invariants:* what is remembered never changes a result. *Rooms:* whoever owns it.
class TimeReader {
 public:
  /// `clf` (`21/Nov/2026:03:38:00 +0000`), `iso8601` (also `rfc3339`: `2026-11-21T03:38:00.123Z`; T may be a blank, the
  /// zone may be missing), `rfc3164` (`Nov 21 03:38:00`, also with a year behind the day or the time, and a fraction),
  /// `epoch`, `epoch_ms`, `epoch_us`, `epoch_ns` (numbers, fractions allowed); or text with %Y %y %m %b %B %d %e %j %H %I
  /// %M %S %p %f (digits of a fraction) %z %Z %s %T %D %F %R %a %A %t %n %%; a blank stands for any number of blanks.
  /// Throws std::invalid_argument with one sentence.
  explicit TimeReader(std::string_view format, const Zone& zone = Zone());

  /// The time with which the text begins. `now` (ns since 1970) tells the year where none is written: the latest one
  /// that puts the time at most a week ahead of now. Fractions beyond ns are cut off.
  TimeText read(std::string_view text, int64_t now = 0);
  /// The time that is the whole of the text, else none.
  TimeText read_all(std::string_view text, int64_t now = 0) {
    TimeText time = read(text, now);
    return time.size == text.size() ? time : TimeText{};
  }
  /// ns in one unit of an `epoch` format, 0 for the others.
  int64_t unit() const { return unit_; }

 private:
  enum class Form : uint8_t { Clf, Iso, Syslog, Epoch, Pattern };
  struct Step {
    char what;  // the letter behind %, or 0 for literal text, or ' ' for any number of blanks
    std::string text;
  };

  TimeText read_clf(std::string_view text);
  TimeText read_iso(std::string_view text);
  TimeText read_syslog(std::string_view text, int64_t now);
  TimeText read_epoch(std::string_view text) const;
  TimeText read_pattern(std::string_view text, int64_t now);
  void compile(std::string_view format);

  Form form_ = Form::Pattern;
  int64_t unit_ = 0;
  Zone zone_;
  std::vector<Step> steps_;

  char clf_[26] = {};  // the last time, and its ns without the seconds
  int64_t clf_ns_ = 0;
  char date_[10] = {};  // the last date, and its days
  int64_t date_days_ = 0;
  int year_ = 0;  // the year guessed for month and day of date_, on this day
  int64_t year_day_ = INT64_MIN;
};

namespace detail {
/// A zone at the head of a text: `Z`, `+0200`, `+02:00`, `+02`. `size` 0: there is none; `ns` are its ns east of UTC.
TimeText read_zone(std::string_view text);
/// `.` or `,` and digits: the fraction in ns. `size` 0: there is none.
TimeText read_fraction(std::string_view text);
/// The latest year in which month and day exist and lie at most a week ahead of `now`.
int guess_year(int month, int day, int64_t now);
/// Nanoseconds of seconds and a fraction, `size` 0 when 64 bits do not hold them.
inline TimeText time_of(int64_t seconds, int64_t fraction, size_t size) {
  constexpr int64_t second = 1'000'000'000;
  constexpr int64_t most = INT64_MAX / second - 1;
  return seconds > most || seconds < -most ? TimeText{} : TimeText{seconds * second + fraction, size};
}
}  // namespace detail

}  // namespace stook
