// SPDX-License-Identifier: Apache-2.0
#include "core/data/json_text.hh"

#include <cmath>

#include "core/data/pattern.hh"
#include "core/data/plain_scan.hh"
#include "core/data/utf8.hh"

namespace stook {

namespace {
constexpr char hex[] = "0123456789abcdef";

char* put_literal(char* to, std::string_view literal) {
  std::memcpy(to, literal.data(), literal.size());
  return to + literal.size();
}

char* put_code_escape(char* to, uint32_t code) {
  to[0] = '\\';
  to[1] = 'u';
  to[2] = hex[code >> 12 & 15];
  to[3] = hex[code >> 8 & 15];
  to[4] = hex[code >> 4 & 15];
  to[5] = hex[code & 15];
  return to + 6;
}

// The two-letter escapes of RFC 8259 section 7; 0 for the others.
constexpr char short_escape(unsigned char byte) {
  switch (byte) {
    case '"':
    case '\\':
      return static_cast<char>(byte);
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

char* put_ascii_escape(char* to, unsigned char byte) {
  char letter = short_escape(byte);
  if (letter == 0) {
    return put_code_escape(to, byte);
  }
  to[0] = '\\';
  to[1] = letter;
  return to + 2;
}

char* put_wrong_bytes(char* to, const char* from, size_t size, BinaryForm binary) {
  if (binary == BinaryForm::Replace) {
    return put_literal(to, "\xef\xbf\xbd");
  }
  for (size_t i = 0; i < size; i++) {
    auto byte = static_cast<unsigned char>(from[i]);
    to = put_literal(to, "\\\\x");
    *to++ = hex[byte >> 4];
    *to++ = hex[byte & 15];
  }
  return to;
}

}  // namespace

JsonBody put_json_body(char* to, const char* from, const char* stop, const char* end, BinaryForm binary) {
  while (from < stop) {
    size_t plain = copy_plain(to, from, static_cast<size_t>(stop - from));
    to += plain;
    from += plain;
    while (from < stop) {
      auto byte = static_cast<unsigned char>(*from);
      if (byte < 0x80) {
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
          break;
        }
        to = put_ascii_escape(to, byte);
        from++;
        continue;
      }
      Utf8Step step = read_utf8(from, end);
      if (!step.is_valid) {
        if (binary == BinaryForm::Base64) {
          return {to, from, false};
        }
        to = put_wrong_bytes(to, from, step.size, binary);
      } else if (is_hidden_control(step.code)) {
        to = put_code_escape(to, step.code);
      } else {
        for (uint32_t i = 0; i < step.size; i++) {
          to[i] = from[i];
        }
        to += step.size;
      }
      from += step.size;
    }
  }
  return {to, from, true};
}

char* put_json_base64(char* to, std::string_view bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t i = 0;
  auto at = [&](size_t n) -> uint32_t { return n < bytes.size() ? static_cast<unsigned char>(bytes[n]) : 0; };
  for (; i < bytes.size(); i += 3) {
    uint32_t word = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    to[0] = letters[word >> 18];
    to[1] = letters[word >> 12 & 63];
    to[2] = i + 1 < bytes.size() ? letters[word >> 6 & 63] : '=';
    to[3] = i + 2 < bytes.size() ? letters[word & 63] : '=';
    to += 4;
  }
  return to;
}

bool is_json_number(std::string_view text) {
  size_t i = 0;
  auto digits = [&] {
    size_t first = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
      i++;
    }
    return i - first;
  };
  if (i < text.size() && text[i] == '-') {
    i++;
  }
  size_t whole_at = i;
  size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[whole_at] == '0')) {
    return false;
  }
  if (i < text.size() && text[i] == '.') {
    i++;
    if (digits() == 0) {
      return false;
    }
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    i++;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) {
      i++;
    }
    if (digits() == 0) {
      return false;
    }
  }
  return i == text.size();
}

namespace {
char* put_json_time(char* to, int64_t ns, TimeForm style) {
  if (style == TimeForm::Iso) {
    *to++ = '"';
    to = put_time(to, ns);
    *to++ = '"';
    return to;
  }
  if (style == TimeForm::EpochNs) {
    return put_integer(to, ns);
  }
  uint64_t unit = style == TimeForm::Epoch ? 1'000'000'000 : 1'000'000;
  uint64_t size = ns < 0 ? uint64_t{0} - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  if (ns < 0) {
    *to++ = '-';
  }
  to = put_unsigned(to, size / unit);
  uint64_t part = size % unit;
  if (part == 0) {
    return to;
  }
  *to++ = '.';
  for (unit /= 10; part > 0; unit /= 10) {
    *to++ = static_cast<char>('0' + part / unit);
    part %= unit;
  }
  return to;
}
}  // namespace

char* put_json_string(char* to, std::string_view text, BinaryForm binary) {
  const char* end = text.data() + text.size();
  *to = '"';
  // Most texts have nothing to escape.
  size_t plain = copy_plain(to + 1, text.data(), text.size());
  if (plain == text.size()) {
    to[1 + plain] = '"';
    return to + 2 + plain;
  }
  JsonBody body = put_json_body(to + 1 + plain, text.data() + plain, end, end, binary);
  char* after = body.is_text ? body.to : put_json_base64(put_literal(to + 1, "base64:"), text);
  *after = '"';
  return after + 1;
}

char* put_json(char* to, const Cell& cell, const JsonStyle& style) {
  switch (cell.type) {
    case Type::Text:
      if (cell.is_number && is_json_number(cell.bytes())) {
        return put_literal(to, cell.bytes());
      }
      return put_json_string(to, cell.bytes(), style.binary);
    case Type::Integer:
      return put_integer(to, cell.integer);
    case Type::Unsigned:
      return put_unsigned(to, cell.bits);
    case Type::Time:
      return put_json_time(to, cell.integer, style.time);
    case Type::Boolean:
      return put_literal(to, cell.is_truth() ? "true" : "false");
    case Type::Real:
      return std::isfinite(cell.real) ? put_real(to, cell.real) : put_literal(to, "null");
    case Type::Address:
      *to = '"';
      to = put_address(to + 1, cell.bytes());
      *to = '"';
      return to + 1;
    case Type::Bytes:
      return put_json_string(to, cell.bytes(), style.binary);
    case Type::Object:
      return put_literal(to, cell.is_json ? cell.bytes() : "null");
    default:
      return put_literal(to, "null");
  }
}

}  // namespace stook
