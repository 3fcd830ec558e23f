// SPDX-License-Identifier: Apache-2.0
#include "core/api/letters.hh"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "core/api/letter_box.hh"

using namespace stook;

namespace {
/// A folder of its own, gone with the test.
struct BoxFolder {
  std::string path;
  BoxFolder() {
    char name[] = "/tmp/stook-box-XXXXXX";
    path = mkdtemp(name);
  }
  ~BoxFolder() { (void)!std::system(("rm -rf " + path).c_str()); }
  std::string text() const {
    std::string all;
    for (const LetterFile& file : letter_files(path + "/out")) {
      std::ostringstream one;
      one << std::ifstream(file.path, std::ios::binary).rdbuf();
      all += one.str();
    }
    return all;
  }
};

Letter letter_of(std::string bytes) {
  return {1'795'232'280'120'000'000, "out", "no such table", 3, "json", "", 1, std::move(bytes)};
}
}  // namespace

TEST_CASE("a letter is one line of JSON with its members in order") {
  Letter letter = letter_of("{\"a\":1}\n");
  CHECK(show_letter(letter) ==
        "{\"time\":\"2026-11-21T03:38:00.120Z\",\"sink\":\"out\",\"reason\":\"no such table\",\"attempts\":3,"
        "\"format\":\"json\",\"text\":\"{\\\"a\\\":1}\\n\"}\n");
  letter.address = "/srv/a";
  letter.rows = 7;
  letter.bytes = "\xff";
  CHECK(show_letter(letter) ==
        "{\"time\":\"2026-11-21T03:38:00.120Z\",\"sink\":\"out\",\"reason\":\"no such table\",\"attempts\":3,"
        "\"format\":\"json\",\"address\":\"/srv/a\",\"rows\":7,\"base64\":\"/w==\"}\n");
}

TEST_CASE("any bytes come back from a letter as they were") {
  std::mt19937 random(11);
  for (int i = 0; i < 3000; i++) {
    Letter letter = letter_of({});
    bool is_ascii = random() % 2 == 0;
    for (size_t left = random() % 40; left > 0; left--) {
      letter.bytes += static_cast<char>(random() % (is_ascii ? 128 : 256));
    }
    letter.reason = "line\n\x1b[31m";
    letter.attempts = random();
    Letter back;
    std::string why;
    REQUIRE(read_letter(show_letter(letter), back, why));
    CHECK(back.bytes == letter.bytes);
    CHECK(back.time == letter.time);
    CHECK(back.sink == letter.sink);
    CHECK(back.reason == letter.reason);
    CHECK(back.attempts == letter.attempts);
    CHECK(back.format == letter.format);
    CHECK(back.rows == 1);
  }
}

TEST_CASE("what is no letter is said to be none") {
  Letter letter;
  std::string why;
  CHECK_FALSE(read_letter("{\"sink\":\"out\"}", letter, why));
  CHECK_FALSE(read_letter("{\"sink\":\"out\",\"format\":\"raw\",\"base64\":\"?\"}", letter, why));
  CHECK_FALSE(read_letter("{\"sink\":\"out\",\"format\":\"raw\",\"text\":\"torn", letter, why));
  CHECK_FALSE(read_letter("{\"sink\":\"out\",\"format\":\"raw\",\"text\":\"x\",\"rows\":-1}", letter, why));
  CHECK(read_letter("{\"sink\":\"out\",\"format\":\"raw\",\"text\":\"x\",\"later\":[1]}", letter, why));
}

TEST_CASE("a box keeps nothing before it is flushed, and files have the modes of secrets") {
  BoxFolder folder;
  LetterBox box(folder.path + "/out", 1 << 20);
  REQUIRE(box.put(letter_of("a")));
  CHECK(folder.text().empty());
  REQUIRE(box.flush());
  CHECK(folder.text() == show_letter(letter_of("a")));
  struct stat about {};
  REQUIRE(stat((folder.path + "/out").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0700);
  REQUIRE(stat((folder.path + "/out/00000001.jsonl").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
}

TEST_CASE("files are divided by size, a new box begins a new file, and all together keep the limit") {
  BoxFolder folder;
  uint64_t most = 128 << 10;
  size_t kept = 0;
  for (int round = 0; round < 3; round++) {
    LetterBox box(folder.path + "/out", most);
    for (int i = 0; i < 400; i++) {
      kept += box.put(letter_of(std::string(200, 'x'))) ? 1 : 0;
      REQUIRE(box.flush());
    }
  }
  std::vector<LetterFile> files = letter_files(folder.path + "/out");
  uint64_t total = 0;
  for (const LetterFile& file : files) {
    CHECK(file.size <= (8 << 10) + 512);
    total += file.size;
  }
  CHECK(files.size() >= 16);
  CHECK((total <= most && total > most - 512));
  CHECK(kept == total / show_letter(letter_of(std::string(200, 'x'))).size());
  CHECK(kept < 1200);
}

TEST_CASE("a write that fails leaves whole lines only, and is made good later") {
  BoxFolder folder;
  signal(SIGXFSZ, SIG_IGN);
  LetterBox box(folder.path + "/out", 1 << 20);
  REQUIRE(box.put(letter_of("first")));
  REQUIRE(box.flush());
  std::string first = folder.text();
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit limit{first.size() + 10, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  REQUIRE(box.put(letter_of("second")));
  CHECK_FALSE(box.flush());
  CHECK(box.reason().find("File too large") != std::string::npos);
  CHECK(folder.text() == first);
  setrlimit(RLIMIT_FSIZE, &before);
  REQUIRE(box.flush());
  CHECK(folder.text() == first + show_letter(letter_of("second")));
}
