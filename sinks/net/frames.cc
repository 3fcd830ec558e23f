// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/frames.hh"

namespace stook {

namespace {
size_t digits_of(size_t value) {
  size_t digits = 1;
  for (; value >= 10; value /= 10) {
    digits++;
  }
  return digits;
}
}  // namespace

size_t RowFrames::most() const {
  switch (framing_) {
    case RowFraming::Octets:
      return 9'999'999;
    case RowFraming::Length32:
      return size_t{16} << 20;
    case RowFraming::Length16:
      return 65'535;
    default:
      return SIZE_MAX;
  }
}

size_t RowFrames::size(std::string_view row) const {
  size_t size = body(row).size();
  switch (framing_) {
    case RowFraming::Lf:
      return row.size() + (row.ends_with('\n') ? 0 : 1);
    case RowFraming::Nul:
      return size + 1;
    case RowFraming::Octets:
      return size == 0 ? 0 : digits_of(size) + 1 + size;
    case RowFraming::Length32:
      return 4 + size;
    case RowFraming::Length16:
      return 2 + size;
  }
  return size;
}

void RowFrames::append(std::string_view row, std::string& to) const {
  std::string_view text = body(row);
  switch (framing_) {
    case RowFraming::Lf:
      to += row;
      to += row.ends_with('\n') ? std::string_view() : std::string_view("\n");
      return;
    case RowFraming::Nul:
      to += text;
      to += '\0';
      return;
    case RowFraming::Octets:
      if (!text.empty()) {
        to += std::to_string(text.size());
        to += ' ';
        to += text;
      }
      return;
    case RowFraming::Length32:
      to += static_cast<char>(text.size() >> 24);
      to += static_cast<char>(text.size() >> 16);
      [[fallthrough]];
    case RowFraming::Length16:
      to += static_cast<char>(text.size() >> 8);
      to += static_cast<char>(text.size());
      to += text;
      return;
  }
}

}  // namespace stook
