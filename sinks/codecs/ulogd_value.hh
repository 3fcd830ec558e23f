// SPDX-License-Identifier: Apache-2.0
/// Values as ulogd's GPRINT and OPRINT write them.
#pragma once

#include "core/api/option.hh"
#include "core/data/batch.hh"
#include "core/data/json_text.hh"
#include "core/data/payload.hh"

namespace stook {

/// The option `compat` of codecs that write what ulogd writes: whose text stands where stook's is another.
enum class Compat : uint8_t { None, Ulogd };
template <>
inline constexpr std::string_view choice_names<Compat>[] = {"none", "ulogd"};

/// Appends text as it is for those who read ulogd's; else with its control characters escaped, so that it forges no line.
inline void append_line_text(Payload& out, std::string_view text, Compat compat) {
  if (compat == Compat::Ulogd) {
    out.append(text);
  } else {
    append_escaped(out, text);
  }
}

/// Whether such a text shows values of this type: bytes and objects it does not.
inline bool is_shown(const Cell& cell) {
  return cell.type != Type::Bytes && cell.type != Type::Object && cell.type != Type::Null;
}
/// Booleans are 0 and 1, text is as append_line_text has it, all others are as in patterns. REQUIRES: is_shown.
void append_ulogd_value(Payload& out, const Cell& cell, Compat compat = Compat::None);

}  // namespace stook
