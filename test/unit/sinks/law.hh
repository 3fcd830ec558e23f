// SPDX-License-Identifier: Apache-2.0
/// What the identity tests share: random texts, and readers of what codecs write that share no code with stook.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "test/unit/kit.hh"

namespace stook::test {

/// A row's values by key, each as its type and its text: `text /a b`, `integer 404`, `time 1795232280000000000`,
/// `object {id={name=text value}}`, `null`, `truth true`, `real 0.5`. What is absent is not in it.
using Fields = std::map<std::string, std::string>;

/// Random choices from a seed that a test prints.
class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  uint64_t any() { return random_(); }
  size_t below(size_t limit) { return static_cast<size_t>(random_() % limit); }
  bool once_in(size_t n) { return below(n) == 0; }
  int64_t integer() { return static_cast<int64_t>(random_() >> below(64)) * (once_in(2) ? 1 : -1); }
  /// Letters and digits, at least one.
  std::string word();
  /// Up to some 80 bytes of words, blanks, punctuation with quotes and backslashes, and text beyond ASCII. No controls.
  std::string text();
  /// The same with controls of all kinds between. `seen` gets the text as text codecs show it.
  std::string wild_text(std::string& seen);

 private:
  std::mt19937_64 random_;
};

/// A time of whole seconds between 1990 and 2050, in ns since 1970.
int64_t some_time(Dice& dice);
/// A time by strftime(3) in UTC.
std::string format_time(int64_t ns, const char* format);

/// One line of JSON, one map of msgpack at `at`, which moves behind it. The value of `time` is read as a time.
Fields read_json_row(std::string_view line);
Fields read_msgpack_row(std::string_view bytes, size_t& at);

/// A record of RFC 4180: its text without the line's end, and its cells. An empty one without quotes is none.
struct CsvRecord {
  std::string text;
  std::vector<std::optional<std::string>> cells;
};
std::vector<CsvRecord> read_csv_records(std::string_view bytes, char delimiter);

/// Draws a row's values into `row`, and returns the text that has them.
using Draw = std::function<std::string(Dice&, Fields& row)>;
/// Parses texts drawn from a seed, and calls `check` with each rig of rows that were all read.
void parse_rounds(const char* parser, const Options& options, const Draw& draw,
                  const std::function<void(const Rig& rig, const std::vector<Fields>& rows)>& check);

/// As nginx escapes the values of a log: quotes, backslashes, controls and all beyond ASCII are `\xNN`.
std::string as_nginx(std::string_view text);

/// Writes rows of one rig, which has parsed them, by a codec: those values that `names` names.
std::string write_rows(const Rig& parsed, size_t rows, const std::vector<std::string>& names, const char* codec,
                       const Options& options = {});

/// Fails the test unless these rows are what a parser and the codec json, or msgpack, made of the texts.
void check_json_rows(const Rig& parsed, const std::vector<Fields>& rows, const std::vector<std::string>& names);
void check_msgpack_rows(const Rig& parsed, const std::vector<Fields>& rows, const std::vector<std::string>& names);

}  // namespace stook::test
