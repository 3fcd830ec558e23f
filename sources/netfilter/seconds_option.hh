// SPDX-License-Identifier: Apache-2.0
/// Options whose bare numbers are seconds, as ulogd's are.
#pragma once

#include <string>
#include <string_view>

#include "core/api/option.hh"

namespace stook {

/// A Duration of up to a year; `60` is 60 s, `500ms` is that.
template <auto P>
constexpr Option seconds_option(const char* name, const char* fallback, const char* doc) {
  Option row = option<P>(name, fallback, doc, {0, 86400e9 * 365});
  row.assign = [](void* config, std::string_view text, const Option& self, std::string& why) {
    bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    std::string value = std::string(text) + (is_number ? "s" : "");
    using Owner = typename detail::Member<decltype(P)>::Owner;
    return detail::assign_value(static_cast<Owner*>(config)->*P, value, self, why);
  };
  return row;
}

}  // namespace stook
