// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The Gregorian calendar in integers: digits, months and days to seconds since 1970.
#pragma once

#include <cstdint>
#include <cstring>

namespace stook {

/// A day and time of day as written, in no particular zone. Year 0: none was written.
struct Civil {
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

/// Two digits as a number, or one so far below zero that read_four stays there, too.
inline int read_two(const char* from) {
  unsigned tens = static_cast<unsigned char>(from[0]) - unsigned{'0'};
  unsigned ones = static_cast<unsigned char>(from[1]) - unsigned{'0'};
  return tens > 9 || ones > 9 ? -10'000 : static_cast<int>(tens * 10 + ones);
}

/// Three digits as a number, or a negative one.
inline int read_three(const char* from) {
  unsigned first = static_cast<unsigned char>(from[0]) - unsigned{'0'};
  return first > 9 ? -1 : static_cast<int>(first * 100) + read_two(from + 1);
}

/// Four digits as a number, or a negative one.
inline int read_four(const char* from) {
  return read_two(from) * 100 + read_two(from + 2);
}

inline bool is_digit(char c) {
  return static_cast<unsigned char>(c) - unsigned{'0'} <= 9;
}

/// The month of its English abbreviation in any case, 1 to 12, or 0. Reads three bytes.
inline int read_month(const char* from) {
  static constexpr char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
  char lower[3] = {static_cast<char>(from[0] | 0x20), static_cast<char>(from[1] | 0x20),
                   static_cast<char>(from[2] | 0x20)};
  for (int month = 0; month < 12; month++) {
    if (std::memcmp(names + month * 3, lower, 3) == 0) {
      return month + 1;
    }
  }
  return 0;
}

inline bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

inline int days_in_month(int year, int month) {
  static constexpr int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/// Days since 1970-01-01. REQUIRES: year >= 0, month 1 to 12.
/// Source: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, days_from_civil.
inline int64_t days_of(int year, int month, int day) {
  int shifted = month <= 2 ? year - 1 : year;
  int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  int year_of_era = shifted - era * 400;
  int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return int64_t{era} * 146097 + day_of_era - 719468;
}

/// The year of a day counted from 1970-01-01.
inline int year_of(int64_t days) {
  int year = static_cast<int>(1970 + days / 366);
  while (days_of(year + 1, 1, 1) <= days) {
    year++;
  }
  while (days_of(year, 1, 1) > days) {
    year--;
  }
  return year;
}

/// Whether such a day is in the calendar. The second may be 60, a leap second.
inline bool is_valid(const Civil& c) {
  return c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= days_in_month(c.year, c.month) && c.hour >= 0 &&
         c.hour <= 23 && c.minute >= 0 && c.minute <= 59 && c.second >= 0 && c.second <= 60;
}

/// Seconds since 1970-01-01 00:00:00 on the same clock. REQUIRES: is_valid.
inline int64_t seconds_of(const Civil& c) {
  return days_of(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
}

}  // namespace stook
