// SPDX-License-Identifier: Apache-2.0
#include "core/net/framing.hh"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace stook;

namespace {

/// Records and how the stream ends, as text: `a|b|(cut)c|~rest`, or `!fault`.
std::string cut(Framing framing, std::string_view bytes, size_t max_line = 100) {
  FrameRules rules{framing, max_line};
  FrameState state;
  FrameCutter cutter(rules, state, bytes);
  std::string all;
  for (Frame frame = cutter.next();; frame = cutter.next()) {
    if (frame.kind == Frame::Kind::Wrong) {
      return all + "!" + cutter.fault();
    }
    if (frame.kind == Frame::Kind::Unfinished) {
      std::string_view text = unfinished_text(rules, state, cutter.rest());
      return text.empty() ? all : all + "~" + std::string(text);
    }
    all += (frame.kind == Frame::Kind::Cut ? "(cut)" : "") + std::string(frame.text) + "|";
  }
}

/// As a connection does: bytes come in pieces, and what is unfinished is put before the next piece.
std::vector<std::string> cut_in_pieces(const FrameRules& rules, const std::string& bytes, std::mt19937_64& random) {
  std::vector<std::string> records;
  FrameState state;
  std::string pending;
  size_t scanned = 0;
  for (size_t at = 0; at < bytes.size();) {
    size_t size = std::min<size_t>(1 + random() % 40, bytes.size() - at);
    pending.append(bytes, at, size);
    at += size;
    FrameCutter cutter(rules, state, pending, scanned);
    Frame frame = cutter.next();
    for (; frame.kind == Frame::Kind::Whole || frame.kind == Frame::Kind::Cut; frame = cutter.next()) {
      records.push_back((frame.kind == Frame::Kind::Cut ? "(cut)" : "") + std::string(frame.text));
    }
    if (frame.kind == Frame::Kind::Wrong) {
      records.push_back(std::string("!") + cutter.fault());
      return records;
    }
    pending = std::string(cutter.rest());
    REQUIRE(pending.size() <= rules.max_line + 16);
    scanned = pending.size();
  }
  records.push_back("~" + std::string(unfinished_text(rules, state, pending)));
  return records;
}

}  // namespace

TEST_CASE("lines end at a LF, and a CR before it goes") {
  CHECK(cut(Framing::Lf, "a\nbc\r\n\n\r\nd") == "a|bc|||~d");
  CHECK(cut(Framing::Lf, "").empty());
  CHECK(cut(Framing::Nul, std::string_view("a\n\0b\0\0c", 7)) == "a\n|b||~c");
}

TEST_CASE("a line too long is cut, and its rest is skipped") {
  CHECK(cut(Framing::Lf, "123456789\nb\n", 8) == "(cut)12345678|b|");
  CHECK(cut(Framing::Lf, "12345678\r\nb\n", 8) == "12345678|b|");
  CHECK(cut(Framing::Lf, "1234567890123", 8) == "(cut)12345678|");
  CHECK(cut(Framing::Octets, "10 12345678901 b", 8) == "(cut)12345678|b|");
  CHECK(cut(Framing::Length16,
            std::string_view("\0\12"
                             "1234567890\0\1b",
                             15),
            8) == "(cut)12345678|b|");
}

TEST_CASE("counted octets may hold anything") {
  CHECK(cut(Framing::Octets, "3 a\nb5 12 345 ab") == "a\nb|12 34|~ab");
  CHECK(cut(Framing::Octets, "12").empty());
  CHECK(cut(Framing::Octets, "1 ").empty());
}

TEST_CASE("a count that is none ends the stream") {
  for (Framing framing : {Framing::Octets, Framing::Auto}) {
    CHECK(cut(framing, "0 ") == "!a count of octets that begins with 0");
    CHECK(cut(framing, "01 a") == "!a count of octets that begins with 0");
    CHECK(cut(framing, "9999999999 a") == "!a count of octets of more than 7 digits");
    CHECK(cut(framing, "99999999999999999999999999") == "!a count of octets of more than 7 digits");
    CHECK(cut(framing, "9999999 a") == "!a count of octets over max_line");
    CHECK(cut(framing, "1125 a") == "!a count of octets over max_line");
    CHECK(cut(framing, "1x a") == "!a count of octets that is no number");
    CHECK(cut(framing, "1 a2\n") == "a|!a count of octets that is no number");
  }
  CHECK(cut(Framing::Octets, "-1 a") == "!a count of octets that is no number");
  CHECK(cut(Framing::Octets, "+1 a") == "!a count of octets that is no number");
  CHECK(cut(Framing::Octets, " 1 a") == "!a blank where a count of octets should be");
  CHECK(cut(Framing::Octets, "1124 a") == "~a");
}

TEST_CASE("auto looks at each record") {
  CHECK(cut(Framing::Auto, "<13>a\n4 <1>b<13>c\n\n2 d\n\n<13>e") == "<13>a|<1>b|<13>c|d\n|~<13>e");
  CHECK(cut(Framing::Auto, "-1 a\n") == "-1 a|");
}

TEST_CASE("lengths are binary") {
  CHECK(cut(Framing::Length32, std::string_view("\0\0\0\2ab\0\0\0\0\0\0\0\1c\0\0\0\2d", 20)) == "ab||c|~d");
  CHECK(cut(Framing::Length16, std::string_view("\0\2ab\0", 5)) == "ab|");
  CHECK(cut(Framing::Length32, std::string_view("\1\0\0\1ab", 6)) == "!a length over 16 MiB");
}

TEST_CASE("a message of IPFIX says its own length") {
  std::string head = std::string("\0\x0a\0\x12", 4) + std::string(12, '.');
  CHECK(cut(Framing::Ipfix, head + "ab" + head + "c") == head + "ab|~" + head + "c");
  CHECK(cut(Framing::Ipfix, std::string("\0\x0a\0", 3)) == "~" + std::string("\0\x0a\0", 3));
  CHECK(cut(Framing::Ipfix, std::string("\0\x0a\0\x0f", 4)) == "!a message of IPFIX shorter than its head");
  CHECK(cut(Framing::Ipfix, std::string("\0\x09\0\x20", 4)) == "!no message of IPFIX: its version is not 10");
}

TEST_CASE("how bytes are divided over reads changes no record") {
  uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  constexpr std::string_view alphabet("01239 \n\r<a\0", 11);
  for (int round = 0; round < 400; round++) {
    FrameRules rules{static_cast<Framing>(random() % 6), 8 + random() % 30};
    std::string bytes;
    for (size_t records = 1 + random() % 30; records > 0; records--) {
      std::string text;
      for (size_t size = random() % 50; size > 0; size--) {
        text += alphabet[random() % alphabet.size()];
      }
      bool is_counted = rules.framing == Framing::Octets || (rules.framing == Framing::Auto && random() % 2 == 0);
      bytes += is_counted && !text.empty() ? std::to_string(text.size()) + " " : "";
      if (rules.framing == Framing::Length32 || rules.framing == Framing::Length16) {
        bytes += std::string(rules.framing == Framing::Length32 ? 3 : 1, '\0') + static_cast<char>(text.size());
      }
      bytes += text + (rules.framing == Framing::Lf ? "\n" : "");
    }
    CAPTURE(static_cast<int>(rules.framing), rules.max_line, bytes);
    std::mt19937_64 other(random());
    CHECK(cut_in_pieces(rules, bytes, random) == cut_in_pieces(rules, bytes, other));
  }
}
