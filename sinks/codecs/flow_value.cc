// SPDX-License-Identifier: Apache-2.0
/// The bytes of one value (RFC 7011, section 6.1).
#include <arpa/inet.h>

#include <bit>

#include "core/data/endian.hh"
#include "sinks/codecs/flow_fields.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr int64_t unix_to_ntp = 2'208'988'800;

void put_number(std::string& to, size_t size, uint64_t value) {
  char bytes[8];
  put_big(bytes, value);
  to.append(bytes + 8 - size, size);
}

bool put_unsigned(std::string& to, size_t size, const Cell& cell) {
  bool is_number =
      cell.type == Type::Unsigned || cell.type == Type::Boolean || (cell.type == Type::Integer && cell.integer >= 0);
  if (!is_number || (size < 8 && cell.bits >> (8 * size) != 0)) {
    return false;
  }
  put_number(to, size, cell.bits);
  return true;
}

bool put_signed(std::string& to, size_t size, const Cell& cell) {
  int64_t most = size < 8 ? (int64_t{1} << (8 * size - 1)) - 1 : INT64_MAX;
  bool is_number = cell.type == Type::Integer || (cell.type == Type::Unsigned && cell.bits <= uint64_t{INT64_MAX});
  if (!is_number || cell.integer > most || cell.integer < -most - 1) {
    return false;
  }
  put_number(to, size, cell.bits);
  return true;
}

bool put_real(std::string& to, size_t size, const Cell& cell) {
  if (cell.type != Type::Real) {
    return false;
  }
  uint64_t bits =
      size == 4 ? std::bit_cast<uint32_t>(static_cast<float>(cell.real)) : std::bit_cast<uint64_t>(cell.real);
  put_number(to, size, bits);
  return true;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// `02:00:00:00:00:0a`, or its six bytes.
bool put_mac(std::string& to, const Cell& cell) {
  constexpr size_t written = 17;
  if (!cell.is_slice()) {
    return false;
  }
  std::string_view text = cell.bytes();
  if (text.size() == 6) {
    to.append(text);
    return true;
  }
  if (text.size() != written) {
    return false;
  }
  char bytes[6];
  for (size_t i = 0; i < 6; i++) {
    int high = digit_of(text[3 * i]);
    int low = digit_of(text[3 * i + 1]);
    if (high < 0 || low < 0) {
      return false;
    }
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  to.append(bytes, sizeof bytes);
  return true;
}

/// Its bytes, or as text.
bool put_address(std::string& to, size_t size, const Cell& cell) {
  if (cell.type == Type::Address && cell.size == size) {
    to.append(cell.bytes());
    return true;
  }
  char text[INET6_ADDRSTRLEN];
  if (cell.type != Type::Text || cell.size >= sizeof text) {
    return false;
  }
  text[cell.bytes().copy(text, cell.size)] = '\0';
  char bytes[16];
  if (inet_pton(size == 4 ? AF_INET : AF_INET6, text, bytes) != 1) {
    return false;
  }
  to.append(bytes, size);
  return true;
}

bool put_time(std::string& to, FlowType type, const Cell& cell) {
  if (cell.type != Type::Time || cell.integer < 0) {
    return false;
  }
  int64_t time = cell.integer;
  if (type == FlowType::Seconds) {
    put_number(to, 4, static_cast<uint64_t>(time / second));
  } else if (type == FlowType::Milliseconds) {
    put_number(to, 8, static_cast<uint64_t>(time / 1'000'000));
  } else {
    put_number(to, 4, static_cast<uint64_t>(time / second + unix_to_ntp));
    // rounded up, so that who rounds down has the same ns again
    uint64_t fraction = ((static_cast<uint64_t>(time % second) << 32) + second - 1) / second;
    put_number(to, 4, fraction);
  }
  return true;
}

}  // namespace

bool put_flow_value(std::string& to, const FlowElement& element, const Cell& cell) {
  switch (element.type) {
    case FlowType::Unsigned:
      return put_unsigned(to, element.size, cell);
    case FlowType::Signed:
      return put_signed(to, element.size, cell);
    case FlowType::Float:
      return put_real(to, element.size, cell);
    case FlowType::Boolean:
      if (cell.type != Type::Boolean) {
        return false;
      }
      to += static_cast<char>(cell.is_truth() ? 1 : 2);
      return true;
    case FlowType::Mac:
      return put_mac(to, cell);
    case FlowType::Seconds:
    case FlowType::Milliseconds:
    case FlowType::Microseconds:
    case FlowType::Nanoseconds:
      return put_time(to, element.type, cell);
    case FlowType::Ipv4:
    case FlowType::Ipv6:
      return put_address(to, element.size, cell);
    default:
      return false;
  }
}

}  // namespace stook
