// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Values as plain text: times, addresses, and any cell.
#include <cmath>

#include "core/data/json_text.hh"
#include "core/data/pattern.hh"

namespace stook {

namespace {
struct Pairs {
  char text[200] = {};
  constexpr Pairs() {
    for (int i = 0; i < 100; i++) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr Pairs pairs;

char* put_two(char* to, uint32_t value, char next) {
  std::memcpy(to, pairs.text + 2 * value, 2);
  to[2] = next;
  return to + 3;
}

// REQUIRES: value < 256.
char* put_byte(char* to, uint32_t value) {
  if (value >= 100) {
    *to++ = static_cast<char>('0' + value / 100);
    value %= 100;
  } else if (value < 10) {
    *to = static_cast<char>('0' + value);
    return to + 1;
  }
  std::memcpy(to, pairs.text + 2 * value, 2);
  return to + 2;
}

char* put_four_bytes(char* to, const char* from) {
  for (int i = 0; i < 4; i++) {
    to = put_byte(to, static_cast<unsigned char>(from[i]));
    *to++ = '.';
  }
  return to - 1;
}

char* put_hex_group(char* to, uint32_t group) {
  constexpr char hex[] = "0123456789abcdef";
  for (int shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0; shift >= 0; shift -= 4) {
    *to++ = hex[group >> shift & 15];
  }
  return to;
}

// RFC 5952: the first longest run of two or more zero groups is `::`; section 5: mapped addresses end in dots.
char* put_sixteen_bytes(char* to, const char* from) {
  uint32_t groups[8];
  for (int i = 0; i < 8; i++) {
    groups[i] = static_cast<uint32_t>(static_cast<unsigned char>(from[2 * i])) << 8 |
                static_cast<unsigned char>(from[2 * i + 1]);
  }
  int best = -1;
  int best_size = 1;
  for (int i = 0; i < 8; i++) {
    int size = 0;
    while (i + size < 8 && groups[i + size] == 0) {
      size++;
    }
    if (size > best_size) {
      best = i;
      best_size = size;
    }
    i += size;
  }
  if (best == 0 && best_size == 5 && groups[5] == 0xffff) {
    std::memcpy(to, "::ffff:", 7);
    return put_four_bytes(to + 7, from + 12);
  }
  for (int i = 0; i < 8; i++) {
    if (i == best) {
      *to++ = ':';
      *to++ = ':';
      i += best_size - 1;
      continue;
    }
    if (i > 0 && to[-1] != ':') {
      *to++ = ':';
    }
    to = put_hex_group(to, groups[i]);
  }
  return to;
}

/// Days counted from 0000-03-01, so that leap days end a year, seconds of the day, ns of the second.
struct Moment {
  uint32_t days;
  uint32_t clock;
  int32_t part;
};

Moment moment_of(int64_t ns) {
  constexpr int64_t second = 1'000'000'000;
  int64_t seconds = ns / second;
  auto part = static_cast<int32_t>(ns % second);
  if (part < 0) {
    part += second;
    seconds--;
  }
  uint64_t total = static_cast<uint64_t>(seconds + int64_t{719468} * 86400);
  return {static_cast<uint32_t>(total / 86400), static_cast<uint32_t>(total % 86400), part};
}

// Eleven bytes, the T behind it included. Source: Howard Hinnant, civil_from_days.
char* put_day(char* to, uint32_t days) {
  uint32_t era = days / 146097;
  uint32_t day_of_era = days % 146097;
  uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint32_t shifted = (5 * day_of_year + 2) / 153;
  uint32_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  uint32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  std::memcpy(to, pairs.text + 2 * (year / 100), 2);
  to = put_two(to + 2, year % 100, '-');
  to = put_two(to, month, '-');
  return put_two(to, day_of_year - (153 * shifted + 2) / 5 + 1, 'T');
}

char* put_clock(char* to, uint32_t clock, int32_t part) {
  to = put_two(to, clock / 3600, ':');
  to = put_two(to, clock / 60 % 60, ':');
  if (part == 0) {
    return put_two(to, clock % 60, 'Z');
  }
  to = put_two(to, clock % 60, '.');
  int digits = part % 1'000'000 == 0 ? 3 : part % 1000 == 0 ? 6 : 9;
  part = digits == 3 ? part / 1'000'000 : digits == 6 ? part / 1000 : part;
  to[digits] = 'Z';
  int at = digits;
  for (; at > 1; at -= 2, part /= 100) {
    std::memcpy(to + at - 2, pairs.text + 2 * (part % 100), 2);
  }
  if (at == 1) {
    *to = static_cast<char>('0' + part);
  }
  return to + digits + 1;
}
}  // namespace

char* put_time(char* to, int64_t ns) {
  // Lines of a log share their day, which is the dearest part.
  constexpr size_t day_size = 11;
  thread_local uint32_t last_day = UINT32_MAX;
  thread_local char day_text[day_size];
  Moment moment = moment_of(ns);
  if (moment.days != last_day) {
    put_day(day_text, moment.days);
    last_day = moment.days;
  }
  std::memcpy(to, day_text, day_size);
  return put_clock(to + day_size, moment.clock, moment.part);
}

char* put_address(char* to, std::string_view bytes) {
  if (bytes.size() == 4) {
    return put_four_bytes(to, bytes.data());
  }
  if (bytes.size() == 16) {
    return put_sixteen_bytes(to, bytes.data());
  }
  constexpr char hex[] = "0123456789abcdef";
  for (char c : bytes.substr(0, 20)) {
    *to++ = hex[static_cast<unsigned char>(c) >> 4];
    *to++ = hex[static_cast<unsigned char>(c) & 15];
  }
  return to;
}

void append_text(Payload& out, const Cell& cell) {
  constexpr size_t room = 64;
  switch (cell.type) {
    case Type::Text:
    case Type::Bytes:
      out.append(cell.bytes());
      return;
    case Type::Integer:
      out.commit(put_integer(out.room(room), cell.integer));
      return;
    case Type::Unsigned:
      out.commit(put_unsigned(out.room(room), cell.bits));
      return;
    case Type::Real:
      out.commit(put_real(out.room(room), cell.real));
      return;
    case Type::Time:
      out.commit(put_time(out.room(room), cell.integer));
      return;
    case Type::Address:
      out.commit(put_address(out.room(room), cell.bytes()));
      return;
    case Type::Boolean:
      out.append(std::string_view(cell.is_truth() ? "true" : "false"));
      return;
    case Type::Object:
      append_json(out, cell, {});
      return;
    default:
      return;
  }
}

}  // namespace stook
