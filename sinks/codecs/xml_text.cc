// SPDX-License-Identifier: Apache-2.0
#include "sinks/codecs/xml_text.hh"

#include <charconv>
#include <cstring>

#include "core/data/utf8.hh"

namespace stook {

void put_xml_text(Payload& out, std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    Utf8Step step = read_utf8(at, end);
    bool is_legal = step.is_valid &&
                    (static_cast<unsigned char>(*at) >= 0x20 || *at == '\t' || *at == '\n' || *at == '\r') &&
                    step.code != 0xfffe && step.code != 0xffff;
    if (*at == '<' || *at == '&' || *at == '>') {
      out.append(*at == '<' ? "&lt;" : *at == '&' ? "&amp;" : "&gt;");
    } else if (*at == '\n' || *at == '\r') {
      out.append(*at == '\n' ? "&#10;" : "&#13;");
    } else if (is_legal) {
      out.append({at, step.size});
    } else {
      out.append("\xef\xbf\xbd");
    }
    at += step.size;
  }
}

void put_hex(Payload& out, std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  char* to = out.room(2 * bytes.size());
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  out.commit(to);
}

void put_element(Payload& out, std::string_view name, uint64_t number, size_t digits) {
  char text[48];
  std::string_view plain(text + 24,
                         static_cast<size_t>(std::to_chars(text + 24, text + sizeof text, number).ptr - text - 24));
  size_t zeros = plain.size() < digits ? digits - plain.size() : 0;
  std::memset(text + 24 - zeros, '0', zeros);
  std::string_view value(text + 24 - zeros, zeros + plain.size());
  for (std::string_view piece : {std::string_view("<"), name, std::string_view(">"), value, std::string_view("</"),
                                 name, std::string_view(">")}) {
    out.append(piece);
  }
}

}  // namespace stook
