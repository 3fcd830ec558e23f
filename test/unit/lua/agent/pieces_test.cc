// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/pieces.hh"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace stook;

namespace {
/// All pieces, each with a semicolon; `!` for each line that is skipped; `~` when something waits for its end.
std::string pieces_of(std::string_view text, size_t size = SIZE_MAX) {
  JsonPieces pieces;
  std::string all;
  while (!text.empty()) {
    pieces.add(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size()));
    for (auto step = pieces.next(); step != JsonPieces::Step::More; step = pieces.next()) {
      all += step == JsonPieces::Step::Piece ? std::string(pieces.piece()) + ";" : "!";
    }
  }
  return all + (pieces.has_rest() ? "~" : "");
}

std::string reason_of(std::string_view text) {
  JsonPieces pieces;
  pieces.add(text);
  return pieces.next() == JsonPieces::Step::Broken ? pieces.reason() : "none";
}

std::string some_value(std::mt19937& random, int levels) {
  static const char* const words[] = {"1",          "-2.5e+3",         "null", "true", "\"\"",
                                      "\"}{][,:\"", "\"\\\"\\\\\\n\"", "{}",   "[]"};
  size_t kind = random() % (levels > 0 ? 11 : 9);
  if (kind < 9) {
    return words[kind];
  }
  std::string all;
  for (size_t i = 0, count = 1 + random() % 3; i < count; i++) {
    all += (i > 0 ? "," : "") + std::string(random() % 3 == 0 ? "\n " : "");
    all += (kind == 9 ? "\"k\":" : "") + some_value(random, levels - 1);
  }
  return kind == 9 ? "{" + all + "}" : "[" + all + "]";
}
}  // namespace

TEST_CASE("objects come one by one, whatever stands between them") {
  CHECK(pieces_of("{\"a\":1}{\"b\":2}") == "{\"a\":1};{\"b\":2};");
  CHECK(pieces_of(" {} \r\n\t{\"a\" : [ 1 , {\"b\":null} ] }\n") == "{};{\"a\" : [ 1 , {\"b\":null} ] };");
  CHECK(pieces_of("") == "");
  CHECK(pieces_of(" \n") == "");
  CHECK(pieces_of("{\"a\":") == "~");
  CHECK(pieces_of("{\"a\":\"x\\") == "~");
}

TEST_CASE("what is no object is skipped to the next line") {
  CHECK(pieces_of("@@@\n{\"ok\":1}\n") == "!{\"ok\":1};");
  CHECK(pieces_of("@@@") == "!");
  CHECK(pieces_of("@@@@\n\n@\n{}") == "!!{};");
  CHECK(pieces_of("{\"a\":1}x{\"b\":2}\n{}") == "{\"a\":1};!{};");
  CHECK(pieces_of("[1]\n{}") == "!{};");
}

TEST_CASE("an object that breaks off loses no object in the lines behind it") {
  CHECK(pieces_of("{\"a\":1\n{\"b\":2}\n") == "!{\"b\":2};");
  CHECK(pieces_of("{\"a\":[1,2\n{\"b\":2}\n") == "!{\"b\":2};");
  CHECK(pieces_of("{\"a\":\"text\n{\"b\":2}\n") == "!{\"b\":2};");
  CHECK(pieces_of("{\"a\":\n{\"b\":2}\n{\"c\":3}\n") == "!{\"b\":2};{\"c\":3};");
  CHECK(pieces_of("{\n{\n{\"a\":1}\n") == "!!{\"a\":1};");
}

TEST_CASE("it says why") {
  CHECK(reason_of("7") == "it is no JSON object");
  CHECK(reason_of("{1") == "a key is no text in quotes");
  CHECK(reason_of("{\"a\" 1") == "a key without a colon behind it");
  CHECK(reason_of("{\"a\":}") == "a value is missing");
  CHECK(reason_of("{\"a\":1 2") == "no comma between two values");
  CHECK(reason_of("{\"a\":1,}") == "a key is no text in quotes");
  CHECK(reason_of("{\"a\":[1}") == "a bracket closes what it did not open");
  CHECK(reason_of("{\"a\":\"\t\"") == "a control character within a text");
  std::string deep;
  for (int i = 0; i < 70; i++) {
    deep += "{\"a\":";
  }
  CHECK(reason_of(deep) == "it nests deeper than 64 levels");
  CHECK(reason_of("{\"a\":\"" + std::string(JsonPieces::longest, 'x')) == "it is longer than 16 MiB");
}

TEST_CASE("pieces are the same however the bytes are cut") {
  unsigned seed = 20261122;
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 300; i++) {
    std::string text;
    std::string expected;
    for (size_t k = 0, count = random() % 6; k < count; k++) {
      std::string one = "{\"k\":" + some_value(random, 4) + "}";
      text += one + (random() % 2 == 0 ? "\n" : "");
      expected += one + ";";
    }
    for (size_t size : {size_t{1}, size_t{2}, size_t{7}, text.size() + 1}) {
      CAPTURE(text, size);
      REQUIRE(pieces_of(text, size) == expected);
    }
    std::string torn = text;
    for (size_t k = random() % 3; k > 0 && !torn.empty(); k--) {
      torn[random() % torn.size()] = "{}[]\",:\n@"[random() % 9];
    }
    CAPTURE(torn);
    REQUIRE(pieces_of(torn, 1) == pieces_of(torn));
  }
}
