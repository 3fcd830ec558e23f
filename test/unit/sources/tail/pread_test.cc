// SPDX-License-Identifier: Apache-2.0
/// Reading on from a position: what stands before it is looked at in the same call.
#include "sources/tail/pread.hh"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <random>

#include "core/base/fd.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

Fd open_in(const TempFolder& folder, const std::string& name) {
  return Fd(open(folder.path(name).c_str(), O_RDONLY | O_CLOEXEC));
}

KnownBytes known_before(const Fd& fd, uint64_t position, HeadCheck& check) {
  return {head_of(fd.get(), position), marker_of(fd.get(), position), check};
}

TEST_CASE("bytes come when those before the position are the known ones, and none when they are not") {
  TempFolder folder;
  folder.write("a", "one\ntwo\n");
  Fd fd = open_in(folder, "a");
  HeadCheck check;
  KnownBytes known = known_before(fd, 4, check);
  char bytes[100];
  PreadBytes good(fd.get(), 4, known);
  REQUIRE(good.read(bytes, sizeof bytes) == 4);
  CHECK(std::string_view(bytes, 4) == "two\n");
  CHECK(good.is_at_end);
  folder.write("a", "ONE\ntwo\nthree\n");
  PreadBytes other(fd.get(), 4, known);
  CHECK(other.read(bytes, sizeof bytes) == 0);
  CHECK(other.is_other);
  folder.write("a", "on");
  PreadBytes shorter(fd.get(), 4, known);
  CHECK(shorter.read(bytes, sizeof bytes) == 0);
  CHECK(shorter.is_other);
}

TEST_CASE("lines that end alike are told from others by the head, whenever they are written") {
  TempFolder folder;
  std::string end(70, 'x');
  folder.write("a", "1 " + end + "\n2 " + end + "\n");
  Fd fd = open_in(folder, "a");
  HeadCheck check;
  KnownBytes known = known_before(fd, 73, check);
  char bytes[200];
  PreadBytes good(fd.get(), 73, known);
  REQUIRE(good.read(bytes, 50) == 50);
  CHECK(check.ask(fd.get(), known.head) == HeadCheck::Answer::Same);
  folder.write("a", "3 " + end + "\n4 " + end + "\n");
  CHECK(good.read(bytes, 50) == 0);
  CHECK(good.is_other);
  CHECK(good.is_at_end);
  PreadBytes other(fd.get(), 73, known);
  CHECK(other.read(bytes, sizeof bytes) == 0);
  CHECK(other.is_other);
  HeadCheck unused;
  CHECK(unused.ask(fd.get(), known.head) == HeadCheck::Answer::Other);
  folder.write("a", "1 ");
  CHECK(check.ask(fd.get(), known.head) == HeadCheck::Answer::Other);
  CHECK(check.ask(-1, known.head) == HeadCheck::Answer::Unreadable);
}

TEST_CASE("head and marker of what was read are those of the file") {
  unsigned seed = static_cast<unsigned>(Catch::rngSeed());
  CAPTURE(seed);
  std::mt19937 random(seed);
  TempFolder folder;
  std::string text(3000, ' ');
  for (char& byte : text) {
    byte = static_cast<char>('a' + random() % 26);
  }
  folder.write("a", text);
  Fd fd = open_in(folder, "a");
  for (int round = 0; round < 500; round++) {
    uint64_t begin = random() % text.size();
    HeadCheck check;
    PreadBytes bytes(fd.get(), begin, known_before(fd, begin, check));
    char piece[2000];
    ssize_t got = bytes.read(piece, 1 + random() % sizeof piece);
    REQUIRE(got > 0);
    uint64_t position = begin + random() % (static_cast<uint64_t>(got) + 1);
    REQUIRE(bytes.marker_before(position) == marker_of(fd.get(), position));
    REQUIRE(bytes.head_before(head_of(fd.get(), begin), position) == head_of(fd.get(), std::max(begin, position)));
    bytes.forget();
    REQUIRE(bytes.marker_before(position) == marker_of(fd.get(), position));
  }
}

TEST_CASE("a hole ends what is read, with the zeros around it") {
  TempFolder folder;
  folder.write("a", "one\n");
  Fd writer(open(folder.path("a").c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(pwrite(writer.get(), "two\n", 4, 1'000'003) == 4);
  char bytes[20000];
  Fd fd = open_in(folder, "a");
  HeadCheck check;
  PreadBytes first(fd.get(), 0, {{}, {}, check});
  ssize_t got = first.read(bytes, sizeof bytes);
  if (first.hole_end == 0) {
    WARN("no holes on this file system");
    return;
  }
  CHECK(std::string_view(bytes, static_cast<size_t>(got)) == "one\n");
  CHECK(first.hole_end == 1'000'003);
}

}  // namespace
}  // namespace stook::test
