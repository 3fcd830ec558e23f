// SPDX-License-Identifier: Apache-2.0
// Patterns: any text either compiles or is refused with a sentence, and what compiles can be expanded for any values.
// Input: the pattern, a zero byte, then what the keys hold. The escapes and the JSON of the same bytes are tried along.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/data/json_text.hh"
#include "core/data/pattern.hh"
#include "core/data/utf8.hh"

using namespace stook;

namespace {
// What goes to a plain sink holds no control character.
void check_line(std::string_view text) {
  for (unsigned char c : text) {
    if (c < 0x20) {
      std::abort();
    }
  }
}

void check_text(std::string_view text) {
  Payload plain;
  append_escaped(plain, text);
  check_line(plain.bytes());
  for (BinaryForm form : {BinaryForm::Escape, BinaryForm::Replace, BinaryForm::Base64}) {
    for (Type type : {Type::Text, Type::Bytes, Type::Object}) {
      Payload json;
      append_json(json, Cell::of_slice(type, text), {form, TimeForm::Iso});
      check_line(json.bytes());
      const char* end = json.bytes().data() + json.size();
      for (const char* at = json.bytes().data(); at < end;) {
        Utf8Step step = read_utf8(at, end);
        if (!step.is_valid || is_hidden_control(step.code)) {
          std::abort();
        }
        at += step.size;
      }
    }
  }
}

// No value leaves its place: between two marks there is no slash and no pair of dots.
void check_address(std::string_view value, const Batch& batch, const KeyId* id) {
  static const Pattern pattern("<${k}>");
  Payload out;
  pattern.expand_address(batch, id, 0, out);
  std::string_view inside = out.bytes().substr(1, out.size() - 2);
  if (inside.empty() || inside.size() > Pattern::address_limit || inside[0] == '.' ||
      inside.find_first_of("/\n") != std::string_view::npos || inside.find("..") != std::string_view::npos) {
    std::abort();
  }
  check_text(value);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t zero = input.find('\0');
  std::string_view text = input.substr(0, zero);
  std::string_view value = zero == std::string_view::npos ? std::string_view("v") : input.substr(zero + 1);
  static KeySchema schema;
  static OpenKeys keys(schema, 8);
  static Bundle bundle(4, 4, 8);
  static ElementMeter meter;
  bundle.reset();
  Selection rows;
  rows.add(bundle.append());
  KeyId id = keys.intern("k");
  bundle.put(id, 0, Cell::of_text(value));
  Batch batch(bundle, rows, keys, {}, meter);
  check_address(value, batch, &id);
  try {
    Pattern pattern(text);
    std::vector<KeyId> ids(pattern.keys().size(), id);
    Payload out;
    pattern.expand(batch, ids.data(), 0, out);
    pattern.expand_address(batch, ids.data(), 0, out);
    int64_t ns = 0;
    std::memcpy(&ns, value.data(), value.size() < 8 ? value.size() : 8);
    bundle.put(id, 0, Cell::of_time(ns));
    pattern.expand(batch, ids.data(), 0, out);
  } catch (const std::invalid_argument& error) {
    if (*error.what() == '\0') {
      std::abort();
    }
  }
  return 0;
}
