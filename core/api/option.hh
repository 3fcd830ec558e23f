// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Options: each is one row beside the struct that it fills; parsing, errors, `describe` and docs read that row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/text.hh"

namespace stook {

enum class OptionKind : uint8_t { Text, Integer, Real, Boolean, Size, Duration, Choice, List };

/// Names of an enum's values in order; specialise for each enum that is an option's type:
/// `template <> inline constexpr std::string_view choice_names<Full>[] = {"wait", "drop"};`
template <class E>
inline constexpr std::string_view choice_names[] = {""};

/// The smallest and largest value of an option with a number.
struct Range {
  double least = -1e300;
  double most = 1e300;
};

/// One option of a plugin.
struct Option {
  const char* name;
  OptionKind kind;
  /// The default, as a user would write it; null: the option is mandatory.
  const char* fallback;
  /// What it is, without a full stop; a unit where the kind has none.
  const char* doc;
  Range range;
  std::span<const std::string_view> choices;
  /// Reads the text into the config struct, or says false and why. May be called again for an option given twice
  /// (List only: the elements are added).
  bool (*assign)(void* config, std::string_view text, const Option& self, std::string& why);
};

struct Required {};
inline constexpr Required required;

namespace detail {
template <class M>
struct Member;
template <class C, class T>
struct Member<T C::*> {
  using Owner = C;
  using Value = T;
};

template <class T>
constexpr OptionKind kind_of() {
  if constexpr (std::is_enum_v<T>) {
    return OptionKind::Choice;
  } else if constexpr (std::is_same_v<T, bool>) {
    return OptionKind::Boolean;
  } else if constexpr (std::is_integral_v<T>) {
    return OptionKind::Integer;
  } else if constexpr (std::is_floating_point_v<T>) {
    return OptionKind::Real;
  } else if constexpr (std::is_same_v<T, Size>) {
    return OptionKind::Size;
  } else if constexpr (std::is_same_v<T, Duration>) {
    return OptionKind::Duration;
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return OptionKind::List;
  } else {
    return OptionKind::Text;
  }
}

/// One sentence on a value that is not in the range, in the units of the option.
std::string out_of_range(const Option& option);
bool find_choice(std::string_view text, const Option& option, size_t& index, std::string& why);
inline double number_of(int64_t v) {
  return static_cast<double>(v);
}
inline double number_of(uint64_t v) {
  return static_cast<double>(v);
}
inline double number_of(double v) {
  return v;
}
inline double number_of(Size v) {
  return static_cast<double>(v.bytes);
}
inline double number_of(Duration v) {
  return static_cast<double>(v.ns);
}

template <class T>
bool assign_value(T& value, std::string_view text, const Option& option, std::string& why) {
  if constexpr (std::is_enum_v<T>) {
    size_t index = 0;
    if (!find_choice(text, option, index, why)) {
      return false;
    }
    value = static_cast<T>(index);
    return true;
  } else {
    if (!read_value(text, value, why)) {
      return false;
    }
    if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, Size> || std::is_same_v<T, Duration>) {
      if constexpr (!std::is_same_v<T, bool>) {
        double number = number_of(value);
        if (number < option.range.least || number > option.range.most) {
          why = out_of_range(option);
          return false;
        }
      }
    }
    return true;
  }
}

/// The owner is named as a type, because g++ 12 gives a function whose arguments are only members one symbol for equally
/// named structs of different files.
template <class Owner, auto P>
bool assign_member(void* config, std::string_view text, const Option& self, std::string& why) {
  return assign_value(static_cast<Owner*>(config)->*P, text, self, why);
}
}  // namespace detail

/// An option row: `option<&FileConfig::rotate>("rotate", "64MiB", "start a new file past this size")`. The member's type
/// is the option's type: int64_t, uint64_t, double, bool, Size, Duration, std::string, std::vector<std::string>, or an
/// enum with choice_names.
template <auto P>
constexpr Option option(const char* name, const char* fallback, const char* doc, Range range = {}) {
  using M = detail::Member<decltype(P)>;
  using T = typename M::Value;
  Option row{name, detail::kind_of<T>(), fallback, doc, range, {}, nullptr};
  if constexpr (std::is_enum_v<T>) {
    row.choices = choice_names<T>;
  }
  row.assign = &detail::assign_member<typename M::Owner, P>;
  return row;
}
template <auto P>
constexpr Option option(const char* name, Required, const char* doc, Range range = {}) {
  return option<P>(name, static_cast<const char*>(nullptr), doc, range);
}

/// Runs `read`. A sentence that it throws (std::invalid_argument) begins with the option's name then, and so is shown at
/// that option's line.
template <class Read>
auto read_option(const char* name, Read read) {
  try {
    return read();
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(std::string(name) + ": " + error.what());
  }
}

}  // namespace stook
