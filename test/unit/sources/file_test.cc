// SPDX-License-Identifier: Apache-2.0
/// Lines of files, plain and compressed, into rows.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "core/base/fd.hh"
#include "core/base/status.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string read_all(FakeFeed& feed) {
  room::enter(room::front);
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  return feed.joined();
}

TEST_CASE("files are read one after the other, and a last line without newline is a row") {
  TempFolder folder;
  folder.write("b", "three\nfour");
  folder.write("a", "one\r\n\ntwo\n");
  folder.write("c", "");
  FakeFeed feed("file", {{"path", folder.path("b") + "," + folder.path("[ac]")}});
  CHECK(read_all(feed) == "three|four|one||two");
  CHECK(feed.bytes == 20);
  CHECK(feed.joined("file.offset") == "0|6|0|5|6");
  CHECK(feed.values("file.path")[2] == folder.path("a"));
  CHECK(feed.joined("truncated") == "-|-|-|-|-");
}

TEST_CASE("keys that nobody reads are not made") {
  TempFolder folder;
  folder.write("a", "one\ntwo\n");
  FakeFeed feed("file", {{"path", folder.path("a")}}, 4, 256, {"file.offset"});
  room::enter(room::front);
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.rows == 2);
  CHECK(feed.joined("file.offset") == "0|4");
}

TEST_CASE("gzip and zstd are recognised by their bytes, members follow one another") {
  TempFolder folder;
  folder.write("a", gzip("one\ntw") + gzip("o\n") + std::string(512, '\0'));
  folder.write("b", zstd("three\nfo") + zstd("ur"));
  FakeFeed feed("file", {{"path", folder.path("*")}});
  CHECK(read_all(feed) == "one|two|three|four");
  CHECK(feed.lost[static_cast<size_t>(Loss::Unreadable)] == 0);
}

TEST_CASE("a damaged or torn compressed file is counted, and the next one is read") {
  TempFolder folder;
  std::string torn = gzip("one\ntwo\n");
  folder.write("a", torn.substr(0, torn.size() - 9));
  std::string damaged = zstd(std::string(4000, 'x') + "\n");
  damaged[damaged.size() / 2] ^= 0x55;
  folder.write("b", damaged.substr(0, damaged.size() - 3));
  folder.write("c", gzip("three\n") + "rubbish");
  folder.write("d", "four\n");
  FakeFeed feed("file", {{"path", folder.path("*")}});
  std::string rows = read_all(feed);
  CHECK(rows.size() >= 10);
  CHECK(rows.substr(rows.size() - 10) == "three|four");
  CHECK(feed.lost[static_cast<size_t>(Loss::Unreadable)] == 3);
}

TEST_CASE("a gzip bomb without newlines becomes one truncated row") {
  TempFolder folder;
  folder.write("a", gzip(std::string(64 << 20, 'a') + "\nnext\n"));
  FakeFeed feed("file", {{"path", folder.path("a")}, {"max_line", "1KiB"}});
  std::string rows = read_all(feed);
  REQUIRE(feed.rows == 2);
  CHECK(rows == std::string(1024, 'a') + "|next");
  CHECK(feed.joined("truncated") == "true|-");
  CHECK(feed.values("file.offset")[1] == std::to_string((64 << 20) + 1));
}

TEST_CASE("max_line counts without the line's end, and NUL bytes are bytes") {
  TempFolder folder;
  std::string fits(100, 'x');
  folder.write("a", fits + "\r\n" + fits + "y\n" + std::string("a\0b\xff\n", 5) + fits + "zzz");
  FakeFeed feed("file", {{"path", folder.path("a")}, {"max_line", "100"}});
  CHECK(read_all(feed) == fits + "|" + fits + "|" + std::string("a\0b\xff", 4) + "|" + fits);
  CHECK(feed.joined("truncated") == "-|true|-|true");
}

TEST_CASE("a path that is not there, a folder and a pattern without matches stop the start") {
  TempFolder folder;
  room::enter(room::front);
  FakeFeed missing("file", {{"path", folder.path("none")}});
  CHECK_THROWS_WITH(missing.start(), "cannot read " + folder.path("none") + ": No such file or directory");
  FakeFeed pattern("file", {{"path", folder.path("*.log")}});
  CHECK_THROWS_WITH(pattern.start(), "no file matches " + folder.path("*.log"));
  FakeFeed directory("file", {{"path", folder.path()}});
  CHECK_THROWS_AS(directory.start(), SetupError);
}

TEST_CASE("a file that vanishes before its turn is counted, and the others are read") {
  TempFolder folder;
  folder.write("a", "one\n");
  folder.write("b", "two\n");
  folder.write("c", "three\n");
  FakeFeed feed("file", {{"path", folder.path("*")}});
  room::enter(room::front);
  feed.start();
  unlink(folder.path("b").c_str());
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined() == "one|three");
  CHECK(feed.lost[static_cast<size_t>(Loss::Unreadable)] == 1);
}

TEST_CASE("an empty pool pauses the reading without a turn of the loop spent, and nothing is lost") {
  TempFolder folder;
  std::string text;
  std::string expected;
  for (int i = 0; i < 2000; i++) {
    text += "line " + std::to_string(i) + "\n";
    expected += (i == 0 ? "" : "|") + ("line " + std::to_string(i));
  }
  folder.write("a", text);
  FakeFeed feed("file", {{"path", folder.path("a")}}, 2, 64);
  feed.keeps_giving_back = false;
  room::enter(room::front);
  feed.start();
  feed.turn(20);
  CHECK(feed.is_paused);
  CHECK(feed.rows == 128);
  CHECK(feed.pauses == 1);
  feed.turn(20);
  CHECK(feed.pauses == 1);
  feed.give_back(1);
  feed.turn(20);
  CHECK(feed.rows == 192);
  feed.keeps_giving_back = true;
  feed.give_back();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined() == expected);
}

TEST_CASE("random lines come out as they went in, whatever the bundle's size and packing") {
  unsigned seed = static_cast<unsigned>(Catch::rngSeed());
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 30; round++) {
    TempFolder folder;
    std::string text;
    std::string expected;
    size_t lines = random() % 3000;
    size_t longest = round % 3 == 0 ? 3 : round % 3 == 1 ? 300 : 9000;
    for (size_t i = 0; i < lines; i++) {
      std::string line(random() % longest, static_cast<char>('a' + random() % 26));
      text += line + "\n";
      expected += (i == 0 ? "" : "|") + line;
    }
    folder.write("a", round % 4 == 0 ? gzip(text) : round % 4 == 1 ? zstd(text) : text);
    FakeFeed feed("file", {{"path", folder.path("a")}}, 2, 1 + random() % 256);
    std::string rows = read_all(feed);
    REQUIRE(feed.rows == lines);
    bool is_equal = rows == expected;
    REQUIRE(is_equal);
    REQUIRE(feed.bytes == text.size());
  }
}

/// Puts a descriptor in the place of the standard input for a while.
struct StdinFrom {
  Fd before{dup(STDIN_FILENO)};
  explicit StdinFrom(int fd) { dup2(fd, STDIN_FILENO); }
  ~StdinFrom() { dup2(before.get(), STDIN_FILENO); }
};

TEST_CASE("stdin reads a pipe as it is written and ends with it") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Fd out(ends[0]);
  Fd in(ends[1]);
  StdinFrom input(out.get());
  FakeFeed feed("stdin", {}, 2, 4);
  room::enter(room::front);
  feed.start();
  feed.turn();
  CHECK(feed.rows == 0);
  REQUIRE(write(in.get(), "one\ntw", 6) == 6);
  feed.turn();
  CHECK(feed.joined() == "one");
  REQUIRE(write(in.get(), "o\n1\n2\n3\n4\n5\n6\n7\n8\n9\nend", 23) == 23);
  feed.turn(20);
  CHECK(feed.joined() == "one|two|1|2|3|4|5|6|7|8|9");
  in.reset();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined() == "one|two|1|2|3|4|5|6|7|8|9|end");
}

TEST_CASE("stdin reads a regular file, and an empty pool only delays it") {
  TempFolder folder;
  std::string text;
  for (int i = 0; i < 1000; i++) {
    text += std::to_string(i) + "\n";
  }
  folder.write("a", text);
  Fd fd(open(folder.path("a").c_str(), O_RDONLY | O_CLOEXEC));
  StdinFrom input(fd.get());
  FakeFeed feed("stdin", {}, 1, 10);
  room::enter(room::front);
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.rows == 1000);
  CHECK(feed.values().back() == "999");
}

}  // namespace
}  // namespace stook::test
