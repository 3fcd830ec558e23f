// SPDX-License-Identifier: Apache-2.0
#include "sinks/codecs/ulogd_value.hh"

#include "core/data/json_text.hh"
#include "core/data/pattern.hh"

namespace stook {

void append_ulogd_value(Payload& out, const Cell& cell) {
  if (cell.type == Type::Boolean) {
    out.append(cell.is_truth() ? '1' : '0');
  } else if (cell.type == Type::Text) {
    append_escaped(out, cell.bytes());
  } else {
    append_text(out, cell);
  }
}

}  // namespace stook
