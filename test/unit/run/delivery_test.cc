// SPDX-License-Identifier: Apache-2.0
#include "core/run/delivery.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <random>

#include "core/api/letters.hh"
#include "test/unit/run/scripted.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr int64_t second = 1'000'000'000;
constexpr int64_t minute = 60 * second;

/// A folder for letters, gone with the test.
struct LettersFolder {
  std::string path;
  LettersFolder() {
    char name[] = "/tmp/stook-letters-XXXXXX";
    path = mkdtemp(name);
  }
  ~LettersFolder() { (void)!std::system(("rm -rf " + path).c_str()); }
  std::string out() const { return path + "/letters/out"; }
  std::vector<Letter> read() const {
    std::vector<Letter> letters;
    for (const LetterFile& file : letter_files(out())) {
      std::ifstream lines(file.path);
      for (std::string line; std::getline(lines, line);) {
        std::string why;
        Letter letter;
        INFO(line);
        REQUIRE(read_letter(line, letter, why));
        letters.push_back(letter);
      }
    }
    return letters;
  }
};

using Texts = std::vector<std::string>;
using Ends = std::vector<std::pair<uint64_t, Fate>>;
}  // namespace

TEST_CASE("a refused row stands alone: its neighbours are delivered, in order, and each row is counted once") {
  Desk desk;
  desk.scenario.refuse({"c", "f"});
  desk.take({"a", "b"});
  desk.take({"c", "d", "e"});
  desk.take({"f"});
  desk.take({"g"});
  desk.serve();
  CHECK(desk.scenario.delivered == Texts{"a", "b", "d", "e", "g"});
  CHECK(desk.finished == Ends{{1, Fate::Done}, {2, Fate::Refused}, {3, Fate::Refused}, {4, Fate::Done}});
  CHECK(desk.meter.rows.read() == 5);
  CHECK(desk.meter.bytes.read() == 10);
  CHECK(desk.meter.refused_rows.read() == 2);
  CHECK(desk.delivery->is_idle());
  CHECK(desk.wake() == 0);
}

TEST_CASE("pieces keep the addresses of their parts") {
  Desk desk;
  desk.scenario.refuse({"c"});
  desk.take({"a", "b", "c", "d", "e"}, 2);
  desk.serve();
  CHECK(desk.scenario.delivered == Texts{"a", "b", "d", "e"});
  CHECK(desk.scenario.addresses == Texts{"to-0", "to-1", "to-2"});
}

TEST_CASE("a payload whose rows cannot be told apart is refused as a whole") {
  Desk desk;
  desk.scenario.refuse({"blind"});
  desk.take({"a"});
  desk.take_blind("blind", 7);
  desk.take({"b"});
  desk.serve();
  CHECK(desk.scenario.delivered == Texts{"a", "b"});
  CHECK(desk.meter.refused_rows.read() == 7);
  CHECK(desk.finished == Ends{{1, Fate::Done}, {2, Fate::Refused}, {3, Fate::Done}});
}

TEST_CASE("a sink that refuses all is asked once") {
  Desk desk;
  desk.scenario.answer = [](const Texts&) { return Outcome::Refused; };
  desk.scenario.refuses_all = true;
  desk.take({"a", "b", "c"});
  desk.take({"d", "e"});
  desk.serve();
  CHECK(desk.scenario.offers.size() == 1);
  CHECK(desk.meter.refused_rows.read() == 5);
  CHECK(desk.finished == Ends{{1, Fate::Refused}, {2, Fate::Refused}});
}

TEST_CASE("what was answered Again is offered again as it was, whatever has come since") {
  Desk desk;
  int left = 2;
  desk.scenario.answer = [&](const Texts&) { return left-- > 0 ? Outcome::Again : Outcome::Done; };
  desk.take({"a", "b"});
  desk.serve();
  desk.take({"c"});
  desk.wake();
  desk.wake();
  CHECK(desk.scenario.offers == std::vector<Texts>{{"a", "b"}, {"a", "b"}, {"a", "b"}, {"c"}});
  CHECK(desk.meter.retries.read() == 2);
  CHECK(desk.meter.is_failing.read() == 0);
  CHECK(desk.finished == Ends{{1, Fate::Done}, {2, Fate::Done}});
}

TEST_CASE("an Again in the midst of a bisection holds it there") {
  for (uint32_t seed = 1; seed <= 200; seed++) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Desk desk;
    std::set<std::string> guilty;
    Texts innocent;
    int number = 0;
    for (size_t left = 1 + random() % 80; left > 0; left--) {
      Texts rows;
      for (size_t i = 1 + random() % 20; i > 0; i--) {
        rows.push_back(std::to_string(number++));
        bool is_guilty = random() % 50 == 0;
        (is_guilty ? (void)guilty.insert(rows.back()) : innocent.push_back(rows.back()));
      }
      desk.take(rows);
    }
    desk.scenario.refuse(guilty);
    auto judge = desk.scenario.answer;
    Texts held;
    desk.scenario.answer = [&](const Texts& rows) {
      CHECK((held.empty() || held == rows));
      held = random() % 3 == 0 ? rows : Texts();
      return held.empty() ? judge(rows) : Outcome::Again;
    };
    while (!desk.delivery->is_idle()) {
      desk.wake();
    }
    REQUIRE(desk.scenario.delivered == innocent);
    REQUIRE(desk.meter.refused_rows.read() == guilty.size());
    REQUIRE(desk.meter.rows.read() == innocent.size());
    REQUIRE(std::is_sorted(desk.finished.begin(), desk.finished.end()));
  }
}

TEST_CASE("pauses double up to the longest, each is a random part, and a success forgets them") {
  Desk desk({200'000'000, 30 * second, 0});
  desk.scenario.answer = [](const Texts&) { return Outcome::Again; };
  desk.take({"a"});
  desk.serve();
  int64_t most = 200'000'000;
  int64_t sum = 0;
  for (int i = 0; i < 200; i++) {
    int64_t pause = desk.wake();
    CHECK((pause > 0 && pause <= most));
    sum += i >= 100 ? pause : 0;
    most = std::min(most * 2, 30 * second);
  }
  CHECK((sum / 100 > 10 * second && sum / 100 < 20 * second));  // about half of the longest
  CHECK(desk.scenario.offers.size() == 201);
  CHECK(desk.finished.empty());
  desk.scenario.answer = nullptr;
  desk.wake();
  CHECK(desk.meter.is_failing.read() == 0);
  desk.scenario.answer = [](const Texts&) { return Outcome::Again; };
  desk.take({"b"});
  desk.serve();
  CHECK(desk.wake() <= 200'000'000);
}

TEST_CASE("what the peer asks to wait is granted, up to five minutes") {
  Desk desk({200'000'000, 30 * second, 0});
  desk.scenario.answer = [](const Texts&) { return Outcome::Again; };
  desk.scenario.retry_after = 7 * second;
  desk.take({"a"});
  desk.serve();
  int64_t pause = desk.wake();
  CHECK((pause > 7 * second && pause <= 7 * second + 200'000'000));
  desk.scenario.retry_after = 3600 * second;
  desk.wake();
  pause = desk.wake();
  CHECK((pause > 5 * minute && pause <= 5 * minute + 200'000'000));
}

TEST_CASE("a wrong setting is asked after slowly, and kept for ever") {
  Desk desk({200'000'000, 30 * second, 0});
  desk.scenario.answer = [](const Texts&) { return Outcome::Misconfigured; };
  desk.take({"a"});
  desk.serve();
  for (int i = 0; i < 100; i++) {
    CHECK(desk.wake() == 30 * second);
  }
  CHECK(desk.finished.empty());
  desk.scenario.answer = nullptr;
  desk.wake();
  CHECK(desk.finished == Ends{{1, Fate::Done}});
}

TEST_CASE("after retry_for a shipment is given up, to the moment, and the next one has all of its time") {
  Desk desk({200'000'000, 30 * second, 100 * second});
  desk.scenario.answer = [](const Texts&) { return Outcome::Again; };
  desk.take({"a", "b"});
  desk.serve();
  desk.take({"c"});
  int64_t waited = 0;
  while (desk.finished.empty()) {
    waited += desk.wake();
  }
  CHECK(waited == 100 * second);
  CHECK(desk.finished == Ends{{1, Fate::Refused}});
  CHECK(desk.meter.given_up_rows.read() == 2);
  CHECK(desk.meter.refused_rows.read() == 0);
  CHECK(desk.scenario.forgotten == 1);
  waited = 0;
  while (desk.finished.size() < 2) {
    waited += desk.wake();
  }
  CHECK((waited >= 100 * second && waited < 131 * second));
}

TEST_CASE("refused rows become letters, each alone, before their payload is final") {
  LettersFolder folder;
  Desk desk({}, folder.out());
  desk.scenario.refuse({"b", "e\xff"});
  desk.scenario.reason = "400: \"b\" is no\nnumber";
  desk.take({"a", "b", "c", "d"}, 2);
  desk.take({"e\xff"});
  desk.serve();
  CHECK(desk.scenario.delivered == Texts{"a", "c", "d"});
  CHECK(desk.finished == Ends{{1, Fate::Lettered}, {2, Fate::Lettered}});
  CHECK(desk.meter.lettered_rows.read() == 2);
  CHECK(desk.meter.refused_rows.read() == 0);
  std::vector<Letter> letters = folder.read();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].bytes == "b\n");
  CHECK(letters[0].address == "to-0");
  CHECK(letters[0].sink == "out");
  CHECK(letters[0].format == "silent");
  CHECK(letters[0].reason == desk.scenario.reason);
  CHECK(letters[0].attempts == 3);  // with all five, with one neighbour, and alone
  CHECK(letters[1].bytes == "e\xff\n");
}

TEST_CASE("when the letters are full, rows are dropped with that reason, and go on to be kept when there is room") {
  LettersFolder folder;
  Desk desk({}, folder.out(), 1024);
  desk.scenario.answer = [](const Texts&) { return Outcome::Refused; };
  for (int i = 0; i < 100; i++) {
    desk.take({"row " + std::to_string(i)});
  }
  desk.serve();
  size_t kept = folder.read().size();
  CHECK((kept > 2 && kept < 20));
  CHECK(desk.meter.lettered_rows.read() == kept);
  CHECK(desk.meter.letters_full_rows.read() == 100 - kept);
  CHECK(desk.meter.refused_rows.read() == 0);
  REQUIRE(desk.finished.size() == 100);
  CHECK(desk.finished[kept - 1].second == Fate::Lettered);
  CHECK(desk.finished[kept].second == Fate::Dropped);
}

TEST_CASE("letters that cannot be written hold their payload, and nothing is said twice") {
  LettersFolder folder;
  Desk desk({}, folder.out());
  desk.scenario.refuse({"b"});
  std::ofstream(folder.path + "/letters") << "a file where the folder should be";
  desk.take({"a", "b", "c"});
  desk.serve();
  for (int i = 0; i < 10; i++) {
    desk.wake();
  }
  CHECK(desk.finished.empty());
  CHECK(desk.meter.is_failing.read() == 1);
  CHECK(desk.meter.lettered_rows.read() == 0);
  unlink((folder.path + "/letters").c_str());
  desk.wake();
  CHECK(desk.finished == Ends{{1, Fate::Lettered}});
  CHECK(desk.meter.is_failing.read() == 0);
  CHECK(desk.scenario.delivered == Texts{"a", "c"});
  CHECK(folder.read().size() == 1);
  CHECK(desk.meter.lettered_rows.read() == 1);
}

TEST_CASE("a device that fails for ten minutes is given up: rows become letters until it works again") {
  LettersFolder folder;
  Desk desk({}, folder.out());
  desk.scenario.answer = [](const Texts&) { return Outcome::Broken; };
  desk.take({"a", "b"});
  desk.serve();
  int64_t waited = 0;
  while (desk.finished.empty()) {
    waited += desk.wake();
    REQUIRE(waited < 11 * minute);
  }
  CHECK(waited >= 10 * minute);
  CHECK(desk.meter.is_broken.read() == 1);
  size_t asked = desk.scenario.offers.size();
  desk.take({"c"});
  desk.serve();  // it is not asked each time
  CHECK(desk.scenario.offers.size() == asked);
  CHECK(desk.meter.lettered_rows.read() == 3);
  CHECK(folder.read()[2].reason == "failed: the test says so");
  desk.scenario.answer = nullptr;
  desk.turn(minute);
  desk.take({"d"});
  desk.serve();
  CHECK(desk.scenario.delivered == Texts{"d"});
  CHECK(desk.meter.is_broken.read() == 0);
}

TEST_CASE("without letters, or without room for them, rows for a broken device wait") {
  LettersFolder folder;
  std::string letters = GENERATE_COPY(std::string(), folder.out());
  Desk desk({}, letters, 100);
  desk.scenario.answer = [](const Texts&) { return Outcome::Broken; };
  desk.take({"a"});
  desk.serve();
  for (int i = 0; i < 200; i++) {
    desk.wake();
  }
  CHECK(desk.meter.is_broken.read() == 1);
  CHECK(desk.finished.empty());
  desk.scenario.answer = nullptr;
  desk.wake();
  CHECK(desk.finished == Ends{{1, Fate::Done}});
}
