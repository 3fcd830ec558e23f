// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Log formats of web servers, compiled: nginx's log_format strings and Apache's LogFormat strings become a
/// list of fields with the text that ends each of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/type.hh"

namespace stook {

/// What a field's text is. Counts and Numbers are Integer and Real when they are one number, and stay text when a
/// server wrote several (`0.1, 0.2`). Request is `GET /path HTTP/1.1`.
enum class AccessKind : uint8_t { Text, Integer, Real, Counts, Numbers, Time, Request };

/// One field of a line.
struct AccessField {
  /// Empty: an earlier field has this key, this one is stepped over.
  std::string key;
  AccessKind kind = AccessKind::Text;
  /// The text behind it. Empty for a field that goes on to the end of the line.
  std::string stop;
  /// How a Time is written, as TimeReader takes it.
  std::string time_format;
  /// May hold `, ` and ` : ` between several values.
  bool is_list = false;
  /// Why a line is refused: the field does not end, its value is wrong.
  std::string no_end;
  std::string wrong;
};

/// A compiled format: a line is `head`, then each field and its stop.
struct AccessFormat {
  static constexpr size_t max_fields = 48;
  std::string head;
  std::vector<AccessField> fields;
};

/// Compiles `common`, `combined`, `vhost_combined`, an nginx format (it has a `$name`) or an Apache format.
/// Keys are nginx's variable names; the first of `$time_local`, `$time_iso8601` and `%t` is `time`.
/// Throws std::invalid_argument with one sentence.
AccessFormat compile_access_format(std::string_view format);

/// Gives a field another type: `integer`, `real`, `text` or `mixed` (a number when it is one). False: no such type.
bool set_access_type(AccessField& field, std::string_view type);

/// The type that a key of this kind is declared with. Request: Text.
Type access_type(AccessKind kind);

namespace detail {
/// Collects literals and fields in the order of a format.
class AccessBuilder {
 public:
  void literal(std::string_view text) { literal_ += text; }
  /// Throws std::invalid_argument when no text stands between two fields.
  void field(std::string_view name, std::string_view time_format = {});
  AccessFormat finish();

 private:
  void close_field();
  AccessFormat format_;
  std::string literal_;
  bool has_time_ = false;
};
/// Appends an Apache format's literals and fields.
void read_apache_format(std::string_view format, AccessBuilder& builder);
}  // namespace detail

}  // namespace stook
