// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "sources/journald/entry.hh"
#include "sources/journald/reader.hh"

namespace stook::test {
namespace {

using Step = JournalEntry::Step;

std::string binary(std::string_view name, std::string_view value) {
  std::string text(name);
  text += '\n';
  for (size_t i = 0; i < 8; i++) {
    text += static_cast<char>(value.size() >> (8 * i) & 0xff);
  }
  return text + std::string(value) + "\n";
}

std::string show(const JournalEntry& entry) {
  std::string text;
  for (size_t i = 0; i < entry.size(); i++) {
    text += std::string(entry.name(i)) + "=" + std::string(entry.value(i)) + "|";
  }
  return text;
}

TEST_CASE("entries are the same whatever the pieces they come in") {
  std::string text = "__CURSOR=s=1;i=2\nMESSAGE=a=b\nEMPTY=\n" + binary("BLOB", "x\ny\n\n") + binary("NIL", "") +
                     "\n\nMESSAGE=two\n\n";
  for (size_t piece = 1; piece <= text.size(); piece++) {
    CAPTURE(piece);
    JournalEntry entry(1000);
    std::vector<std::string> found;
    for (size_t at = 0; at < text.size(); at += piece) {
      std::string_view bytes = std::string_view(text).substr(at, piece);
      Step step;
      while ((step = entry.take(bytes)) == Step::Whole) {
        found.push_back(show(entry));
        CHECK_FALSE(entry.is_truncated());
        entry.clear();
      }
      REQUIRE(step == Step::More);
      REQUIRE(bytes.empty());
    }
    CHECK(found == std::vector<std::string>{"__CURSOR=s=1;i=2|MESSAGE=a=b|EMPTY=|BLOB=x\ny\n\n|NIL=|", "MESSAGE=two|"});
  }
}

TEST_CASE("a long entry is cut, stepped over, and the next one is whole") {
  std::string text =
      "A=1\n" + binary("BLOB", std::string(100000, 'x')) + "LONG=" + std::string(5000, 'y') + "\n\nB=2\n\n";
  JournalEntry entry(1000);
  std::string_view bytes = text;
  REQUIRE(entry.take(bytes) == Step::Whole);
  CHECK(entry.is_truncated());
  CHECK(entry.find("A") == "1");
  CHECK(entry.find("BLOB").size() == 1000 - 2 - 4);
  CHECK(entry.find("LONG").empty());
  entry.clear();
  REQUIRE(entry.take(bytes) == Step::Whole);
  CHECK(show(entry) == "B=2|");
  CHECK_FALSE(entry.is_truncated());
}

TEST_CASE("more fields than an entry may have are left out") {
  std::string text;
  for (int i = 0; i < 3000; i++) {
    text += "F=" + std::to_string(i) + "\n";
  }
  text += "\n";
  JournalEntry entry(1 << 20);
  std::string_view bytes = text;
  REQUIRE(entry.take(bytes) == Step::Whole);
  CHECK(entry.size() == JournalEntry::fields_most);
  CHECK(entry.is_truncated());
}

TEST_CASE("what is no export format is not taken for it, and length bombs cost nothing") {
  for (std::string text : {std::string("hello world\n"), std::string("=a\n"), std::string("a=b\n"),
                           std::string("A\n\xff\xff\xff\xff\xff\xff\xff\xff", 10), std::string(100, 'A'),
                           binary("A", "xyz").substr(0, 13) + "!"}) {
    CAPTURE(text);
    JournalEntry entry(1000);
    std::string_view bytes = text;
    CHECK(entry.take(bytes) == Step::Damaged);
  }
}

TEST_CASE("journalctl is told where to go on, and what to leave out") {
  JournaldConfig config{};
  config.program = "journalctl";
  config.follows = true;
  config.start_at = JournalStart::End;
  std::vector<std::string> begin{"journalctl", "--output=export", "--no-pager", "--quiet", "--follow"};
  std::vector<std::string> words = begin;
  words.push_back("--lines=0");
  CHECK(journal_words(config, "") == words);
  config.units = {"a.service", "b*"};
  config.match = {"_UID=0"};
  words = begin;
  words.insert(words.end(), {"--after-cursor=s=1", "--no-tail", "--unit=a.service", "--unit=b*", "_UID=0"});
  CHECK(journal_words(config, "s=1") == words);
}

TEST_CASE("the numbers in two cursors tell how many entries are between them") {
  CHECK(journal_gap("s=ab;i=f;b=1", "s=ab;i=10;b=1") == 0);
  CHECK(journal_gap("s=ab;i=f;b=1", "s=ab;i=14;b=1") == 4);
  CHECK(journal_gap("s=ab;i=f;b=1", "s=ab;i=14;b=2") == 0);
  CHECK(journal_gap("s=ab;i=f;b=1", "s=cd;i=14;b=2") == 0);
  CHECK(journal_gap("s=ab;i=14", "s=ab;i=f") == 0);
  CHECK(journal_gap("", "s=ab;i=f") == 0);
  CHECK(journal_gap("nonsense", "i=") == 0);
}

}  // namespace
}  // namespace stook::test
