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

size_t most_of(RowFraming framing) {
  switch (framing) {
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
}  // namespace

RowFrames::RowFrames(RowFraming framing, bool is_binary)
    : framing_(framing), most_(most_of(framing)), is_binary_(is_binary) {}

std::vector<RefusedRow> RowFrames::misfits(Shipment shipment, std::string_view limit) const {
  std::vector<RefusedRow> found;
  size_t before = 0;  // rows of the payloads before this one
  for (const Payload* payload : most_ == SIZE_MAX ? Shipment() : shipment) {
    PayloadRows rows(*payload);
    for (size_t i = 0; i < rows.size(); i++) {
      if (!fits(rows[i])) {
        found.push_back({before + (payload->is_divisible() ? i : 0),
                         "a row of " + std::to_string(body(rows[i]).size()) + " bytes is larger than " +
                             std::string(limit) + ", which is at most " + std::to_string(most_)});
      }
    }
    before += payload->is_divisible() ? payload->rows() : 1;
  }
  return found;
}

size_t RowFrames::size(std::string_view row) const {
  size_t size = body(row).size();
  if (size > most_) {
    return 0;
  }
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
  if (text.size() > most_) {
    return;
  }
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
