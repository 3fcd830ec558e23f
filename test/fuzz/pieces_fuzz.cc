// SPDX-License-Identifier: Apache-2.0
/// Text that a script writes into JSON objects: however it is cut over writes the pieces are the same, each begins and ends
/// with its brackets, and what a reader of JSON takes as one object is one piece. The first byte says how the rest is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/api/json.hh"
#include "core/base/arena.hh"
#include "core/lua/agent/pieces.hh"

namespace {

using namespace stook;
using Step = JsonPieces::Step;

std::string pieces_of(std::string_view bytes, size_t size) {
  JsonPieces pieces;
  std::string all;
  while (!bytes.empty()) {
    std::string block(bytes.substr(0, size));
    bytes.remove_prefix(block.size());
    pieces.add(block);
    for (Step step = pieces.next(); step != Step::More; step = pieces.next()) {
      std::string_view piece = pieces.piece();
      if (step == Step::Piece && (piece.size() < 2 || piece.front() != '{' || piece.back() != '}')) {
        std::abort();
      }
      all += step == Step::Piece ? std::string(piece) + ";" : "!";
    }
  }
  return all + (pieces.has_rest() ? "~" : "");
}

// A text that is one object by the reader's word.
bool is_one_object(const std::string& text) {
  Arena arena;
  Cell cell{};
  static JsonReader reader;
  size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string::npos && text[begin] == '{' && reader.read_object(text, arena, cell);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  std::string whole = pieces_of(bytes, bytes.size() + 1);
  if (pieces_of(bytes, 1 + data[0] % 20) != whole) {
    std::abort();
  }
  if (is_one_object(bytes)) {
    size_t begin = bytes.find('{');
    size_t end = bytes.rfind('}') + 1;
    if (whole != bytes.substr(begin, end - begin) + ";") {
      std::abort();
    }
  }
  return 0;
}
