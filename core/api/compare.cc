// SPDX-License-Identifier: Apache-2.0
// The order of values. Integers never become doubles on the way: a double is split into its whole part and the rest.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/api/expression.hh"
#include "core/data/object.hh"

namespace stook {

namespace {

constexpr double two_63 = 9223372036854775808.0;
constexpr double two_64 = 18446744073709551616.0;

template <class T>
int order(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

int order_real(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return incomparable;
  }
  return order(a, b);
}

/// REQUIRES: the double is no NaN.
int order_integer_real(int64_t a, double b) {
  if (b >= two_63) {
    return -1;
  }
  if (b < -two_63) {
    return 1;
  }
  double whole = std::floor(b);
  int result = order(a, static_cast<int64_t>(whole));
  return result != 0 ? result : whole < b ? -1 : 0;
}

int order_unsigned_real(uint64_t a, double b) {
  if (b >= two_64) {
    return -1;
  }
  if (b < 0) {
    return 1;
  }
  double whole = std::floor(b);
  int result = order(a, static_cast<uint64_t>(whole));
  return result != 0 ? result : whole < b ? -1 : 0;
}

int order_integer_unsigned(int64_t a, uint64_t b) {
  return a < 0 ? -1 : order(static_cast<uint64_t>(a), b);
}

bool is_number(const Cell& cell) {
  return cell.type == Type::Integer || cell.type == Type::Unsigned || cell.type == Type::Real ||
         (cell.type == Type::Text && cell.is_number);
}

bool is_text(const Cell& cell) {
  return (cell.type == Type::Text && !cell.is_number) || cell.type == Type::Bytes;
}

/// The number as one of the three types. Digits beyond 64 bits stand for the nearest double, or an infinity.
Cell plain_number(const Cell& cell) {
  if (cell.type != Type::Text) {
    return cell;
  }
  double value = 0;
  std::string_view digits = cell.bytes();
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc::result_out_of_range) {
    bool is_small = digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos;
    value = is_small ? 0.0 : HUGE_VAL;
    value = digits.front() == '-' ? -value : value;
  }
  return Cell::of_real(value);
}

/// The other way around.
int reversed(int order) {
  return order == incomparable ? incomparable : -order;
}

int order_numbers(const Cell& a, const Cell& b) {
  if (a.type == b.type) {
    return a.type == Type::Integer    ? order(a.integer, b.integer)
           : a.type == Type::Unsigned ? order(a.bits, b.bits)
                                      : order_real(a.real, b.real);
  }
  if (a.type > b.type) {
    return reversed(order_numbers(b, a));
  }
  if (b.type == Type::Unsigned) {
    return order_integer_unsigned(a.integer, b.bits);
  }
  if (std::isnan(b.real)) {
    return incomparable;
  }
  return a.type == Type::Integer ? order_integer_real(a.integer, b.real) : order_unsigned_real(a.bits, b.real);
}

int order_bytes(std::string_view a, std::string_view b) {
  return order(a.compare(b), 0);
}

// COLD for JSON text of different spelling: `1.0` and `1.00` are the same.
bool is_same_object(const Cell& a, const Cell& b) {
  if (a.is_json == b.is_json && a.bytes() == b.bytes()) {
    return true;
  }
  std::string a_store;
  std::string b_store;
  return (a.is_json || b.is_json) && object_bytes(a, a_store) == object_bytes(b, b_store);
}

}  // namespace

int compare_cells(const Cell& a, const Cell& b) {
  if (is_number(a) && is_number(b)) {
    // The digits of two numbers beyond 64 bits that are written alike are equal, whatever a double makes of them.
    if (a.type == Type::Text && b.type == Type::Text && a.bytes() == b.bytes()) {
      return 0;
    }
    return order_numbers(plain_number(a), plain_number(b));
  }
  if (is_text(a) && is_text(b)) {
    return order_bytes(a.bytes(), b.bytes());
  }
  if (a.type != b.type) {
    return incomparable;
  }
  switch (a.type) {
    case Type::Null:
      return 0;
    case Type::Boolean:
      return order(a.is_truth(), b.is_truth());
    case Type::Time:
      return order(a.integer, b.integer);
    case Type::Address:
      return a.size == b.size ? order_bytes(a.bytes(), b.bytes()) : incomparable;
    case Type::Object:
      return is_same_object(a, b) ? 0 : incomparable;
    default:
      return incomparable;
  }
}

}  // namespace stook
