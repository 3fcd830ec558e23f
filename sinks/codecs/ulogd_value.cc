// SPDX-License-Identifier: Apache-2.0
#include "sinks/codecs/ulogd_value.hh"

#include "core/data/pattern.hh"

namespace stook {

void append_ulogd_value(Payload& out, const Cell& cell, Compat compat) {
  if (cell.type == Type::Boolean) {
    out.append(cell.is_truth() ? '1' : '0');
  } else if (cell.type == Type::Text) {
    append_line_text(out, cell.bytes(), compat);
  } else {
    append_text(out, cell);
  }
}

}  // namespace stook
