// SPDX-License-Identifier: Apache-2.0
//
// The rarer paths of text.hh: characters to escape, text beyond ASCII, quoted cells, doubles.

#include "text.hh"

namespace limit {

namespace {

/// How far a UTF-8 sequence at the start of some text reaches, and whether it is complete and allowed.
struct Sequence {
  size_t size;
  bool is_valid;
};

/// Judges the sequence that starts with a byte >= 0x80 (Unicode 15, table 3-7). An invalid one has the size of its
/// maximal subpart, which is at least 1. REQUIRES: from < end.
Sequence judge(const char* from, const char* end) {
  const auto byte = [from](size_t at) { return static_cast<unsigned char>(from[at]); };
  const unsigned char lead = byte(0);
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) {
    return {1, false};
  }
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  const size_t left = static_cast<size_t>(end - from);
  if (left < 2 || byte(1) < low || byte(1) > high) {
    return {1, false};
  }
  for (size_t at = 2; at < size; ++at) {
    if (at >= left || (byte(at) & 0xc0) != 0x80) {
      return {at, false};
    }
  }
  return {size, true};
}

/// Writes a byte that JSON escapes: a control, a quote or a backslash.
char* put_escape(char* to, unsigned char byte) {
  static constexpr char digits[] = "0123456789abcdef";
  static constexpr char shorts[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";
  static_assert(sizeof(shorts) == 0x20 + 1);
  *to++ = '\\';
  if (byte >= 0x20) {
    *to++ = static_cast<char>(byte);
    return to;
  }
  *to++ = shorts[byte];
  if (shorts[byte] == 'u') {
    to = put(to, "00");
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  return to;
}

/// Whether a CSV cell with this text has to be quoted.
bool needs_quotes(std::string_view text) {
  const char* const end = text.data() + text.size();
  for (const char* from = text.data(); from < end;) {
#if defined(__SSE2__)
    const __m128i bytes = load(from);
    const auto is = [bytes](char wanted) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)); };
    const __m128i hits = _mm_or_si128(_mm_or_si128(is(','), is('"')), _mm_or_si128(is('\r'), is('\n')));
    if ((static_cast<unsigned>(_mm_movemask_epi8(hits)) & first_bits(static_cast<size_t>(end - from))) != 0) {
      return true;
    }
    from += 16;
#else
    if (*from == ',' || *from == '"' || *from == '\r' || *from == '\n') {
      return true;
    }
    ++from;
#endif
  }
  return false;
}

}  // namespace

char* put_string_slow(char* to, const char* from, const char* end) {
  while (from < end) {
    const auto byte = static_cast<unsigned char>(*from);
    if (byte < 0x80) {
      to = put_escape(to, byte);
      ++from;
    } else {
      const Sequence sequence = judge(from, end);
      to = sequence.is_valid ? put_text(to, {from, sequence.size}) : put(to, "\xef\xbf\xbd");
      from += sequence.size;
      if (from < end && static_cast<unsigned char>(*from) >= 0x80) {
        continue;
      }
    }
    const size_t plain = copy_plain(to, from, end);
    to += plain;
    from += plain;
  }
  return to;
}

char* put_cell(char* to, std::string_view text) {
  if (!needs_quotes(text)) {
    return put_text(to, text);
  }
  *to++ = '"';
  const char* from = text.data();
  const char* const end = from + text.size();
  for (;;) {
    const char* quote = find_byte(from, end, '"');
    to = put_text(to, {from, static_cast<size_t>(quote - from)});
    if (quote == end) {
      break;
    }
    to = put(to, "\"\"");
    from = quote + 1;
  }
  *to++ = '"';
  return to;
}

char* put_double(char* to, double value) {
  char* const end = std::to_chars(to, to + 32, value).ptr;
  for (const char* at = to; at < end; ++at) {
    if (*at == '.' || *at == 'e') {
      return end;
    }
  }
  return put(end, ".0");
}

}  // namespace limit
