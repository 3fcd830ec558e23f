// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Small deeds on text: trim, split, numbers, sizes and durations with units, the nearest of some names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// Text without blanks and tabs at both ends.
std::string_view trim(std::string_view text);

/// The pieces between separators, trimmed; separators inside quotes, parentheses, brackets or braces do not count.
/// Empty text has no pieces; `a,,b` has three.
std::vector<std::string_view> split_list(std::string_view text, char separator = ',');

/// The text before the first separator, or all; it is gone from `rest`, and the separator with it.
std::string_view take_part(std::string_view& rest, char separator);

/// ASCII lower case.
std::string lower(std::string_view text);
bool equal_in_any_case(std::string_view a, std::string_view b);

/// The known name that `wrong` was most likely meant to be, or empty when none is near.
/// Near: at most a third of the letters differ (insert, delete, replace, exchange of neighbours).
std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> known);
std::string_view nearest_name(std::string_view wrong, const std::vector<std::string>& known);

/// A count of bytes, written with a unit: `64MiB`, `1.5GB`, `512`.
struct Size {
  uint64_t bytes = 0;
  friend bool operator==(const Size&, const Size&) = default;
};
/// A span of time in ns, written with a unit: `5ms`, `1h30m`, `0`.
struct Duration {
  int64_t ns = 0;
  friend bool operator==(const Duration&, const Duration&) = default;
};

/// Each reads all of the text into the value, or says false and puts one sentence into `why`:
/// what is wrong and what would be right. Integers are decimal, 0x hex; sizes B, kB, MB, GB, TB, KiB, MiB, GiB, TiB and
/// ulogd's bare k, m, g (of 1024); durations ns, us, ms, s, m, h, d; booleans yes, no, true, false, on, off, 1, 0.
bool read_value(std::string_view text, bool& out, std::string& why);
bool read_value(std::string_view text, int64_t& out, std::string& why);
bool read_value(std::string_view text, uint64_t& out, std::string& why);
bool read_value(std::string_view text, double& out, std::string& why);
bool read_value(std::string_view text, std::string& out, std::string& why);
bool read_value(std::string_view text, Size& out, std::string& why);
bool read_value(std::string_view text, Duration& out, std::string& why);
/// A list, separated by commas; empty text is an empty list.
bool read_value(std::string_view text, std::vector<std::string>& out, std::string& why);

/// Text for people: `64 MiB`, `1.5 s`, `12 345`.
std::string show_size(uint64_t bytes);
std::string show_duration(int64_t ns);
std::string show_count(uint64_t count);

/// A copy in which every byte outside printable ASCII stands as \n, \t or \xNN, cut to `limit` bytes of source.
std::string printable(std::string_view text, size_t limit = 512);

}  // namespace stook
