// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Text with its control characters made visible, for sinks that write plain text.
#include "core/data/json_text.hh"
#include "core/data/plain_scan.hh"
#include "core/data/utf8.hh"

namespace stook {

namespace {
constexpr char hex[] = "0123456789abcdef";

char* put_byte_escape(char* to, unsigned char byte) {
  *to++ = '\\';
  if (byte == '\n' || byte == '\r' || byte == '\t') {
    *to++ = byte == '\n' ? 'n' : byte == '\r' ? 'r' : 't';
    return to;
  }
  to[0] = 'x';
  to[1] = hex[byte >> 4];
  to[2] = hex[byte & 15];
  return to + 3;
}

char* put_bytes(char* to, const char* from, size_t size) {
  for (size_t i = 0; i < size; i++) {
    to[i] = from[i];
  }
  return to + size;
}

// The character at `from`, which copy_plain did not take.
char* put_odd(char* to, const char* from, const char* end, std::string_view keep, uint32_t& size) {
  auto byte = static_cast<unsigned char>(*from);
  size = 1;
  if (byte < 0x80) {
    bool stays = byte >= 0x20 || keep.find(*from) != std::string_view::npos;
    return stays ? put_bytes(to, from, 1) : put_byte_escape(to, byte);
  }
  Utf8Step step = read_utf8(from, end);
  if (step.is_valid && is_hidden_control(step.code)) {
    size = step.size;
    to[0] = '\\';
    to[1] = 'u';
    for (int i = 0; i < 4; i++) {
      to[2 + i] = hex[step.code >> (12 - 4 * i) & 15];
    }
    return to + 6;
  }
  if (step.is_valid) {
    size = step.size;
    return put_bytes(to, from, size);
  }
  return byte <= 0x9f ? put_byte_escape(to, byte) : put_bytes(to, from, 1);
}
}  // namespace

void append_escaped(Payload& out, std::string_view text, std::string_view keep) {
  constexpr size_t step_size = 4096;
  const char* end = text.data() + text.size();
  for (const char* from = text.data(); from < end;) {
    const char* stop = static_cast<size_t>(end - from) > step_size ? from + step_size : end;
    char* to = out.room(6 * static_cast<size_t>(stop - from) + json_margin);
    while (from < stop) {
      size_t plain = copy_plain(to, from, static_cast<size_t>(stop - from), OddBytes());
      to += plain;
      from += plain;
      if (from < stop) {
        uint32_t size = 0;
        to = put_odd(to, from, end, keep, size);
        from += size;
      }
    }
    out.commit(to);
  }
}

}  // namespace stook
