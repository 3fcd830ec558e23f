// SPDX-License-Identifier: Apache-2.0
#include "core/data/object_walk.hh"

#include <catch2/catch.hpp>
#include <string>

using namespace stook;
using End = Stride::End;
using namespace std::string_literals;

namespace {

/// Walks over pieces of so many bytes; what is not taken comes again.
Stride walk_in_pieces(std::string_view bytes, size_t piece, uint64_t most) {
  ObjectWalk walk;
  walk.begin(most);
  size_t taken = 0;
  for (size_t given = 0;;) {
    given = std::min(bytes.size(), given + piece);
    Stride stride = walk.go(bytes.substr(taken, given - taken));
    taken += stride.taken;
    if (stride.end != End::Unfinished || given == bytes.size()) {
      return {stride.end, taken};
    }
  }
}

}  // namespace

TEST_CASE("a walk ends where the value does, in whatever pieces it comes") {
  const std::string values[] = {
      "\x07"s,
      "\xc0"s,
      "\x93\x01\x02\x03"s,
      "\x81\xa1x\x92\xcb\0\0\0\0\0\0\0\0\xc3"s,
      "\xd7\0\1\2\3\4\5\6\7\x08"s,
      "\xc7\3\5abc"s,
      "\xda\0\3abc"s,
      "\xc6\0\0\0\2ab"s,
      "\xde\0\1\xa1x\xd3\1\2\3\4\5\6\7\x08"s,
      "\xdc\0\0"s,
  };
  for (const std::string& value : values) {
    for (size_t piece = 1; piece <= value.size() + 1; piece++) {
      Stride stride = walk_in_pieces(value + "\xa3more", piece, 1000);
      CHECK((stride.end == End::Whole && stride.taken == value.size()));
    }
    CHECK(walk_in_pieces(std::string_view(value).substr(0, value.size() - 1), 99, 1000).end == End::Unfinished);
    CHECK(walk_in_pieces(value, 99, value.size()).end == End::Whole);
    CHECK(walk_in_pieces(value, 99, value.size() - 1).end == End::Wrong);
  }
}

TEST_CASE("lengths are held against what may come, summed over nesting") {
  CHECK(walk_in_pieces("\xdb\xff\xff\xff\xff"s, 99, 1 << 24).end == End::Wrong);
  CHECK(walk_in_pieces("\xdd\xff\xff\xff\xff"s, 99, 1 << 24).end == End::Wrong);
  CHECK(walk_in_pieces("\xdf\x00\x80\x00\x00"s, 99, 1 << 24).end == End::Wrong);
  // Each count alone is in bounds.
  CHECK(walk_in_pieces("\xdc\x03\x00\xdc\x03\x00"s, 99, 1000).end == End::Wrong);
  CHECK(walk_in_pieces("\xdc\x01\x00\xdc\x02\x00"s, 99, 1000).end == End::Unfinished);
}

TEST_CASE("values nest 64 levels and no more") {
  CHECK(walk_in_pieces(std::string(64, '\x91') + "\xc0", 3, 1000).end == End::Whole);
  CHECK(walk_in_pieces(std::string(65, '\x91') + "\xc0", 3, 1000).end == End::Wrong);
}

TEST_CASE("several values are one walk") {
  ObjectWalk walk;
  walk.begin(100, 2);
  Stride stride = walk.go("\x05\x81\xa1x\x01\x07"s);
  CHECK((stride.end == End::Whole && stride.taken == 5));
}
