// SPDX-License-Identifier: Apache-2.0
/// Expressions: no text crashes the compiler, what compiles can be asked of any row, and its negation says the opposite.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/expression.hh"

using namespace stook;

namespace {

constexpr Row rows = 8;

/// One value of each kind of type a row, none in the last.
void fill(Bundle& bundle, size_t keys) {
  const Cell cells[] = {Cell::of_integer(502),
                        Cell::of_text("/api"),
                        Cell::of_real(0.5),
                        Cell::of_unsigned(UINT64_MAX),
                        Cell::of_boolean(true),
                        Cell::of_null(),
                        Cell::of_slice(Type::Address, {"\xc0\x00\x02\x01", 4})};
  for (Row row = 0; row < rows; row++) {
    bundle.append();
    for (size_t key = 0; key < keys && row + 1 < rows; key++) {
      bundle.put(static_cast<KeyId>(key), row, cells[(row + key) % std::size(cells)]);
    }
  }
}

std::vector<Matched> outcomes(const Expression& expression) {
  size_t keys = expression.keys().size();
  KeySchema schema;
  std::vector<KeyId> ids;
  for (const std::string& key : expression.keys()) {
    ids.push_back(schema.add({key, Type::Mixed, "", ""}));
  }
  OpenKeys open(schema, 1);
  Bundle bundle(rows, rows, open.capacity());
  fill(bundle, keys);
  Selection selection;
  selection.select_all(rows);
  ElementMeter meter;
  Batch batch(bundle, selection, open, {ids, {}}, meter);
  Condition condition(expression, {1000, 100});
  condition.bind(batch, ids.data());
  std::vector<Matched> all;
  for (Row row : batch.rows()) {
    all.push_back(condition.test(row));
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size < 4096 ? size : 4096);
  try {
    Expression expression(text);
    std::vector<Matched> plain = outcomes(expression);
    Expression opposite("not (" + text + ")");
    std::vector<Matched> negated = outcomes(opposite);
    for (size_t i = 0; i < plain.size(); i++) {
      if ((plain[i] == Matched::Limit) != (negated[i] == Matched::Limit) ||
          (plain[i] != Matched::Limit && plain[i] == negated[i])) {
        std::abort();
      }
    }
  } catch (const std::invalid_argument& error) {
    if (std::string(error.what()).rfind("at character ", 0) != 0) {
      std::abort();
    }
  }
  return 0;
}
