// SPDX-License-Identifier: Apache-2.0
#include "core/data/time_text.hh"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <ctime>
#include <random>
#include <stdexcept>
#include <string>

using namespace stook;

namespace {
constexpr int64_t second = 1'000'000'000;

/// The time by the C library: the second opinion.
int64_t utc(int year, int month, int day, int hour, int minute, int sec) {
  tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_sec = sec;
  return timegm(&parts) * second;
}

const int64_t now = utc(2026, 11, 21, 3, 38, 0);
}  // namespace

TEST_CASE("a web server's time is read with its zone") {
  TimeReader reader("clf");
  int64_t wanted = utc(2026, 11, 21, 3, 38, 0);
  CHECK(reader.read_all("21/Nov/2026:03:38:00 +0000").ns == wanted);
  CHECK(reader.read_all("21/Nov/2026:03:38:07 +0000").ns == wanted + 7 * second);
  CHECK(reader.read_all("21/Nov/2026:03:38:00 -0330").ns == wanted + 12600 * second);
  CHECK(reader.read_all("21/Nov/2026:03:38:00.250 +0000").ns == wanted + second / 4);
  CHECK(reader.read_all("21/Nov/2026:03:38:00").ns == wanted);
  CHECK(reader.read("21/Nov/2026:03:38:00 +0000] \"GET").size == 26);
}

TEST_CASE("what is no web server's time is refused, also after a good one") {
  TimeReader reader("clf");
  REQUIRE(reader.read_all("21/Nov/2026:03:38:00 +0000"));
  for (const char* text : {"", "-", "21/Nov/2026", "32/Nov/2026:03:38:00 +0000", "29/Feb/2026:03:38:00 +0000",
                           "21/Nox/2026:03:38:00 +0000", "21/Nov/2026:24:38:00 +0000", "21/Nov/2026:03:38:99 +0000",
                           "21/Nov/2026:03:38:0x +0000", "21/Nov/9999:03:38:00 +0000", "21-Nov-2026:03:38:00 +0000"}) {
    CAPTURE(text);
    CHECK_FALSE(reader.read_all(text));
  }
  CHECK_FALSE(reader.read_all("21/Nov/2026:03:38:00 +2400"));
}

TEST_CASE("a year is four digits, whichever of them is none") {
  for (const char* year : {"202x", "20x6", "2x26", "x026", "196s", "29xx", "99xx"}) {
    INFO(year);
    std::string text = year;
    CHECK_FALSE(TimeReader("clf").read("21/Nov/" + text + ":03:38:00 +0000"));
    CHECK_FALSE(TimeReader("iso8601").read(text + "-11-21T03:38:00Z"));
    CHECK(TimeReader("rfc3164").read("Nov 21 03:38:00 " + text + " x", now).size == 15);
  }
}

TEST_CASE("ISO 8601 is read with fractions and zones in all their spellings") {
  TimeReader reader("iso8601");
  int64_t wanted = utc(2026, 2, 28, 23, 59, 59);
  for (const char* text : {"2026-02-28T23:59:59Z", "2026-02-28 23:59:59", "2026-02-28t23:59:59z",
                           "2026-03-01T01:59:59+02:00", "2026-03-01T01:59:59+0200", "2026-03-01T01:59:59+02",
                           "2026-02-28 23:59:59 +0000", "2026-02-28T20:29:59-03:30"}) {
    CAPTURE(text);
    CHECK(reader.read_all(text).ns == wanted);
  }
  CHECK(reader.read_all("2026-02-28T23:59:59.5Z").ns == wanted + second / 2);
  CHECK(reader.read_all("2026-02-28T23:59:59,000000001Z").ns == wanted + 1);
  CHECK(reader.read_all("2026-02-28T23:59:59.1234567899Z").ns == wanted + 123456789);
  CHECK(reader.read_all("2026-02-28T23:59Z").ns == wanted - 59 * second);
  for (const char* text : {"2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-28T23:59:59.Z", "2026-02-28T",
                           "2300-01-01T00:00:00Z", "2026-02-28T23:61:00Z", "20260228T235959Z"}) {
    CAPTURE(text);
    CHECK_FALSE(reader.read_all(text));
  }
}

TEST_CASE("a fraction of any length is read to the nanosecond") {
  TimeReader reader("iso8601");
  const std::string digits = "120456789987";
  for (size_t size = 1; size <= digits.size(); size++) {
    std::string fraction = digits.substr(0, size);
    CAPTURE(fraction);
    int64_t ns = std::stoll((fraction + "000000000").substr(0, 9));
    for (const char* zone : {"Z", "z", "+00:00", ""}) {
      CHECK(reader.read_all("2026-02-28T23:59:59." + fraction + zone).ns == utc(2026, 2, 28, 23, 59, 59) + ns);
    }
    for (size_t at = 0; at < size; at++) {
      std::string broken = fraction;
      broken[at] = ':';
      CHECK_FALSE(reader.read_all("2026-02-28T23:59:59." + broken + "Z"));
    }
  }
}

TEST_CASE("a time of day is what its eight bytes say, whatever they are") {
  TimeReader reader("iso8601");
  const std::string clock = "13:47:09";
  for (size_t at = 0; at < clock.size(); at++) {
    for (int byte = 0; byte < 256; byte++) {
      std::string text = clock;
      text[at] = static_cast<char>(byte);
      CAPTURE(at, byte);
      unsigned hour = 0;
      unsigned minute = 0;
      unsigned seconds = 0;
      bool has_digits = text.find_first_not_of("0123456789:") == std::string::npos && text[2] == ':' &&
                        text[5] == ':' && std::count(text.begin(), text.end(), ':') == 2;
      bool is_time = has_digits && std::sscanf(text.c_str(), "%2u:%2u:%2u", &hour, &minute, &seconds) == 3 &&
                     hour < 24 && minute < 60 && seconds <= 60;
      TimeText time = reader.read_all("2026-02-28T" + text + "Z");
      REQUIRE(bool(time) == is_time);
      if (is_time) {
        CHECK(time.ns == utc(2026, 2, 28, 0, 0, 0) + (hour * 3600 + minute * 60 + seconds) * second);
      }
    }
  }
}

TEST_CASE("syslog's time takes the year that puts it nearest before now") {
  TimeReader reader("rfc3164");
  CHECK(reader.read_all("Nov 21 03:38:00", now).ns == now);
  CHECK(reader.read_all("Nov  1 03:38:00", now).ns == utc(2026, 11, 1, 3, 38, 0));
  CHECK(reader.read_all("Nov 1 03:38:00", now).ns == utc(2026, 11, 1, 3, 38, 0));
  CHECK(reader.read_all("Nov 25 03:38:00", now).ns == utc(2026, 11, 25, 3, 38, 0));
  CHECK(reader.read_all("Dec 31 23:59:59", now).ns == utc(2025, 12, 31, 23, 59, 59));
  CHECK(reader.read_all("Feb 29 00:00:00", now).ns == utc(2024, 2, 29, 0, 0, 0));
  int64_t new_year = utc(2027, 1, 1, 0, 0, 5);
  CHECK(reader.read_all("Dec 31 23:59:59", new_year).ns == utc(2026, 12, 31, 23, 59, 59));
  int64_t old_year = utc(2026, 12, 31, 23, 59, 59);
  CHECK(reader.read_all("Jan  1 00:00:01", old_year).ns == utc(2027, 1, 1, 0, 0, 1));
  CHECK(reader.read_all("Nov 21 03:38:00.125", now).ns == now + second / 8);
  CHECK(reader.read_all("Nov 21 2024 03:38:00", now).ns == utc(2024, 11, 21, 3, 38, 0));
  CHECK(reader.read_all("Nov 21 03:38:00 2024", now).ns == utc(2024, 11, 21, 3, 38, 0));
  CHECK(reader.read("Nov 21 03:38:00 20x host", now).size == 15);
  for (const char* text :
       {"Nov 21 03:38", "Nov 31 03:38:00", "Nov 21T03:38:00", "Xxx 21 03:38:00", "Nov  x 03:38:00"}) {
    CAPTURE(text);
    CHECK_FALSE(reader.read(text, now));
  }
}

TEST_CASE("counts since 1970 are exact and never overflow") {
  CHECK(TimeReader("epoch").read_all("1792895400.123").ns == 1792895400123 * 1'000'000);
  CHECK(TimeReader("epoch").read_all("1792895400").ns == 1792895400 * second);
  CHECK(TimeReader("epoch").read_all("-1.5").ns == -1'500'000'000);
  CHECK(TimeReader("epoch_ms").read_all("1792895400123.5").ns == 1792895400123'500'000);
  CHECK(TimeReader("epoch_us").read_all("1792895400123456").ns == 1792895400123456'000);
  CHECK(TimeReader("epoch_ns").read_all("1792895400123456789").ns == 1792895400123456789);
  CHECK_FALSE(TimeReader("epoch").read_all("99999999999"));
  CHECK_FALSE(TimeReader("epoch_ns").read_all("99999999999999999999"));
  CHECK_FALSE(TimeReader("epoch").read_all(""));
  CHECK_FALSE(TimeReader("epoch").read_all("-"));
  CHECK_FALSE(TimeReader("epoch").read_all("12a"));
}

TEST_CASE("a format in the manner of strptime reads its parts in any order") {
  CHECK(TimeReader("%d.%m.%Y %H:%M:%S").read_all("21.11.2026   03:38:00").ns == now);
  CHECK(TimeReader("%Y/%m/%d %T.%f %z").read_all("2026/11/21 03:38:00.000123 +00:00").ns == now + 123'000);
  CHECK(TimeReader("%a %b %e %H:%M:%S %Y").read_all("Sat Nov 21 03:38:00 2026").ns == now);
  CHECK(TimeReader("%I:%M:%S %p %D").read_all("03:38:00 PM 11/21/26").ns == now + 12 * 3600 * second);
  CHECK(TimeReader("%I:%M %p %F").read_all("12:00 am 2026-11-21").ns == utc(2026, 11, 21, 0, 0, 0));
  CHECK(TimeReader("%Y %j %R").read_all("2026 325 03:38").ns == now);
  CHECK(TimeReader("[%s]").read_all("[1792895400]").ns == 1792895400 * second);
  CHECK(TimeReader("100%% %F %T %Z").read_all("100% 2026-11-21 03:38:00 GMT").ns == now);
  CHECK(TimeReader("%b %d %T").read_all("Dec 31 23:59:59", now).ns == utc(2025, 12, 31, 23, 59, 59));
  CHECK_FALSE(TimeReader("%F %T").read_all("2026-11-21 03:38:00x"));
  CHECK_FALSE(TimeReader("%F %T").read_all("2026-02-29 03:38:00"));
  CHECK_FALSE(TimeReader("%F %T").read_all(""));
}

TEST_CASE("a zone applies to times that do not say theirs") {
  Zone east("+02:00");
  CHECK(TimeReader("iso8601", east).read_all("2026-11-21T05:38:00").ns == now);
  CHECK(TimeReader("iso8601", east).read_all("2026-11-21T03:38:00Z").ns == now);
  CHECK(TimeReader("rfc3164", east).read_all("Nov 21 05:38:00", now).ns == now);
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  TimeReader local("iso8601", Zone("local"));
  tm summer{};
  summer.tm_year = 126;
  summer.tm_mon = 6;
  summer.tm_mday = 1;
  summer.tm_hour = 12;
  summer.tm_isdst = -1;
  CHECK(local.read_all("2026-07-01T12:00:00").ns == mktime(&summer) * second);
  CHECK(local.read_all("2026-07-01T12:00:01").ns == (mktime(&summer) + 1) * second);
  unsetenv("TZ");
  tzset();
}

TEST_CASE("a format or zone that is none is refused with what would be right") {
  CHECK_THROWS_WITH(TimeReader("iso"), Catch::Contains("is no time format; it takes clf, iso8601"));
  CHECK_THROWS_WITH(TimeReader("%Y %q"), Catch::Contains("\"%q\" is no part of a time format"));
  CHECK_THROWS_WITH(TimeReader("%"), Catch::Contains("\"%\" is no part of a time format"));
  CHECK_THROWS_WITH(Zone("Berlin"), Catch::Contains("is no zone; it takes UTC, local or an offset"));
  CHECK_THROWS_WITH(Zone(""), Catch::Contains("is no zone"));
}

TEST_CASE("random times of four centuries agree with the C library") {
  uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  TimeReader clf("clf");
  TimeReader iso("iso8601");
  TimeReader pattern("%Y-%m-%d %H:%M:%S");
  for (int i = 0; i < 20000; i++) {
    time_t wanted = static_cast<time_t>(random() % 15'000'000'000) - 6'000'000'000;
    tm parts{};
    gmtime_r(&wanted, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%d/%b/%Y:%H:%M:%S +0000", &parts);
    REQUIRE(clf.read_all(text).ns == wanted * second);
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    REQUIRE(iso.read_all(text).ns == wanted * second);
    REQUIRE(pattern.read_all(text).ns == wanted * second);
  }
}
